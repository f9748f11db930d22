package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// crashVariable names the database to the process that is to be killed.
const crashVariable = "LATCHKEY_TEST_CRASH"

// TestKill kills a process with signal 9 while it refreshes as fast as it can: every rotation that it had answered is
// still there, and of the one that was running all or nothing.
func TestKill(t *testing.T) {
	if path := os.Getenv(crashVariable); path != "" {
		refreshForEver(t, path)
		return
	}
	path := filepath.Join(t.TempDir(), "latchkey.db")
	victim := exec.Command(os.Args[0], "-test.run=^TestKill$")
	victim.Env = append(os.Environ(), crashVariable+"="+path)
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	lines, last := bufio.NewScanner(out), ""
	for n := 0; lines.Scan(); n++ {
		last = lines.Text()
		if n == 50 {
			if err := victim.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if victim.Wait() == nil || last == "" {
		t.Fatalf("the process was not killed; it said %q", last)
	}
	s, err := store.Open(context.Background(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	service, err := auth.New(context.Background(), s, auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	// The token that was answered last is current, or the killed request had superseded it a moment ago.
	if _, err := service.Refresh(context.Background(), auth.Visitor{Tokens: []string{last}}, auth.RefreshOptions{}); err != nil {
		t.Errorf("the last answer is lost: %v", err)
	}
}

func refreshForEver(t *testing.T, path string) {
	ctx := context.Background()
	s, err := store.Open(ctx, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	service, err := auth.New(ctx, s, auth.Config{Grace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	g, err := service.SignUp(ctx, "ada@example.com", "correct horse battery", "", auth.Visitor{})
	for err == nil {
		if _, err = fmt.Println(g.RefreshToken); err == nil {
			g, err = service.Refresh(ctx, auth.Visitor{Tokens: []string{g.RefreshToken}}, auth.RefreshOptions{})
		}
	}
	t.Fatal(err)
}
