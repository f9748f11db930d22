package store_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// TestOpenFilesAreMended opens a database whose files others can read, by its name and by a link. The files are those of
// a process that runs, so that all of them are there.
func TestOpenFilesAreMended(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such permissions")
	}
	for _, linked := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "latchkey.db")
		running, err := store.Open(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer running.Close()
		if _, err := auth.New(t.Context(), running, auth.Config{}); err != nil {
			t.Fatal(err)
		}
		names := []string{path, path + "-wal", path + "-shm"}
		for _, name := range names {
			if err := os.Chmod(name, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		opened := path
		if linked {
			opened = filepath.Join(t.TempDir(), "link.db")
			if err := os.Symlink(path, opened); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int{len(names), 0} { // lines in the log: the second time nothing is open
			var log bytes.Buffer
			s, err := store.Open(t.Context(), opened, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, name := range names {
				info, err := os.Stat(name)
				if err != nil {
					t.Fatal(err)
				}
				if got := info.Mode().Perm(); got != 0o600 {
					t.Errorf("linked %v: %s has mode %#o", linked, filepath.Base(name), got)
				}
			}
			if n := strings.Count(log.String(), "was=0644"); n != want {
				t.Errorf("linked %v: %d lines in the log, want %d: %s", linked, n, want, &log)
			}
		}
	}
}
