package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// When there is no more room, whoever refreshes is told so in plain words. What was answered before is kept, what was
// not has changed nothing, and with room again all goes on.
func TestAFullDisk(t *testing.T) {
	for _, row := range []struct {
		name string
		// prepare returns where the database is to be, and how its room is taken and given back.
		prepare func(t *testing.T) (path string, full, room func(*store.Store))
	}{
		{"the file may not grow", limitedFile},
		{"a file system without room", smallFileSystem},
	} {
		t.Run(row.name, func(t *testing.T) {
			path, full, room := row.prepare(t)
			s, service := openWithRules(t, path)
			tokens := make([]string, 8)
			for i := range tokens {
				g, err := service.SignUp(context.Background(), fmt.Sprintf("user%d@example.com", i), "correct horse battery", "", auth.Visitor{})
				if err != nil {
					t.Fatal(err)
				}
				tokens[i] = g.RefreshToken
			}
			full(s)
			for _, err := range refreshUntilRefused(service, tokens) {
				cause := (*auth.Error)(nil)
				if !errors.Is(err, auth.ErrUnavailable) || !errors.As(err, &cause) || !strings.Contains(fmt.Sprint(cause.Err), "the disk is full") {
					t.Errorf("the error is %v, want %v and why", err, auth.ErrUnavailable)
				}
			}
			room(s)
			for i, token := range tokens {
				// Only a current token is answered with no other: one whose successor nobody was told is none.
				g, err := service.Refresh(context.Background(), auth.Visitor{Tokens: []string{token}}, auth.RefreshOptions{MinAge: time.Hour})
				if err != nil || g.RefreshToken != "" {
					t.Errorf("the token that was answered last to user %d is not the current one: %v", i, err)
				}
				if g, err = refresh(service, token); err != nil {
					t.Errorf("with room again, user %d: %v", i, err)
				}
				tokens[i] = g.RefreshToken
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			_, service = openWithRules(t, path)
			for i, token := range tokens {
				if _, err := refresh(service, token); err != nil {
					t.Errorf("in another process, user %d: %v", i, err)
				}
			}
		})
	}
}

// refreshUntilRefused refreshes with all tokens side by side, keeps what is answered in their place, and returns why each
// was not answered in the end.
func refreshUntilRefused(service *auth.Service, tokens []string) []error {
	errs := make([]error, len(tokens))
	var callers sync.WaitGroup
	for i := range tokens {
		callers.Go(func() {
			for range 100_000 {
				g, err := refresh(service, tokens[i])
				if err != nil {
					errs[i] = err
					return
				}
				tokens[i] = g.RefreshToken
			}
		})
	}
	callers.Wait()
	return errs
}

func refresh(service *auth.Service, token string) (auth.Grant, error) {
	return service.Refresh(context.Background(), auth.Visitor{Tokens: []string{token}}, auth.RefreshOptions{})
}

func openWithRules(t *testing.T, path string) (*store.Store, *auth.Service) {
	t.Helper()
	s, err := store.Open(context.Background(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	service, err := auth.New(context.Background(), s, auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s, service
}

// limitedFile has SQLite itself say that the disk is full, while rows are written.
func limitedFile(t *testing.T) (path string, full, room func(*store.Store)) {
	return filepath.Join(t.TempDir(), "latchkey.db"), func(s *store.Store) { s.Set(t, "max_page_count", s.Pragma(t, "page_count")) },
		func(s *store.Store) { s.Set(t, "max_page_count", "1000000") }
}

// smallFileSystem has the kernel say so, while a commit is written.
func smallFileSystem(t *testing.T) (path string, full, room func(*store.Store)) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("only who may mount can have a file system of any size:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	full = func(*store.Store) {
		if err := os.WriteFile(ballast, make([]byte, 8<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("filling the file system: %v", err)
		}
	}
	room = func(*store.Store) {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "latchkey.db"), full, room
}
