package store_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// Whoever opens a database to read it finds what is there, beside a server, and can change nothing.
func TestOpenToRead(t *testing.T) {
	for name, dsn := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "latchkey.db"), "PostgreSQL": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			_, service := serving(t, dsn)
			user := signUp(t, service).User.ID
			r, err := store.OpenToRead(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if list, err := r.Activity(t.Context(), user, 10, ""); len(list) != 1 || err != nil {
				t.Errorf("activity %+v, %v", list, err)
			}
			if err := r.Record(t.Context(), func(time.Time) []auth.Event { return nil }); err == nil || !strings.Contains(err.Error(), "open for reading") {
				t.Errorf("writing: %v", err)
			}
		})
	}
}

func TestOpenToReadChangesNothing(t *testing.T) {
	older := func(t *testing.T, dsn string) string {
		store.MigrateTo(t, dsn, 2)
		return dsn
	}
	for _, row := range []struct{ name, dsn, want string }{
		{"no file", filepath.Join(t.TempDir(), "x.db"), "no such file"},
		{"a directory", t.TempDir(), "is a directory"},
		{"no name", "", "no database is named"},
		{"an empty file", empty(t), "version of its tables"},
		{"an older file", older(t, filepath.Join(t.TempDir(), "x.db")), "at version 2, and this program's at"},
		{"no tables, PostgreSQL", pgtest.Database(t), "version of its tables"},
		{"older, PostgreSQL", older(t, pgtest.Database(t)), "at version 2, and this program's at"},
		{"nobody listens", "postgres://ada:secret@127.0.0.1:1/latchkey", "127.0.0.1:1/latchkey"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 2 { // the first has changed nothing
				s, err := store.OpenToRead(context.Background(), row.dsn)
				if err == nil {
					t.Fatal(s.Close())
				}
				if !strings.Contains(err.Error(), row.want) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
					t.Errorf("error %q, want %q", err, row.want)
				}
			}
			if _, err := os.Stat(row.dsn); row.name == "no file" && !os.IsNotExist(err) {
				t.Errorf("it made the file: %v", err)
			}
		})
	}
}

// empty is a file with nothing in it.
func empty(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
