package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/store"
)

// A group runs without savepoints first. Only where a part fails that has written must the others be written again.
func TestAGroupRunsAgainOnlyWhereItMust(t *testing.T) {
	refused := errors.New("refused")
	for _, row := range []struct {
		name string
		bad  func(s *store.Store) error
		runs int // of each good part
	}{
		{"a refusal before anything is written", func(s *store.Store) error {
			return s.Transact(context.Background(), func(func(string) error) error { return refused })
		}, 1},
		{"a statement that fails and so writes nothing", func(s *store.Store) error {
			return s.Insert(context.Background(), "good 0", func() error { return nil }) // the id is taken
		}, 1},
		{"a refusal after a write", func(s *store.Store) error {
			return s.Insert(context.Background(), "bad", func() error { return refused })
		}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := openFile(t)
			running, release := make(chan struct{}), make(chan struct{})
			var callers sync.WaitGroup
			queue := func(n int, do func()) {
				callers.Go(do)
				for s.Queued() < n {
					runtime.Gosched()
				}
			}
			queue(0, func() {
				if err := s.Insert(context.Background(), "the first", func() error { close(running); <-release; return nil }); err != nil {
					t.Error("the first:", err)
				}
			})
			<-running
			runs := make([]int, 2)
			good := func(i int, kind string) func() {
				return func() {
					if err := s.Insert(context.Background(), kind, func() error { runs[i]++; return nil }); err != nil {
						t.Errorf("%s: %v", kind, err)
					}
				}
			}
			queue(1, good(0, "good 0"))
			queue(2, func() {
				if err := row.bad(s); err == nil {
					t.Error("the bad part has not failed")
				}
			})
			queue(3, good(1, "good 1"))
			close(release)
			callers.Wait()
			if got, want := s.Inserted(t), []string{"good 0", "good 1", "the first"}; !slices.Equal(got, want) {
				t.Errorf("committed: %q, want %q", got, want)
			}
			// What stands behind the bad part has run once only, where that was told before its turn came.
			if runs[0] != row.runs || runs[1] != 1 {
				t.Errorf("the good parts ran %d and %d times, want %d and 1", runs[0], runs[1], row.runs)
			}
		})
	}
}

// openFile opens a new SQLite file until the test ends.
func openFile(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
