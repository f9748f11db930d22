package store_test

import (
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
	"example.com/latchkey/server/internal/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) func() (storetest.Store, error) {
		path := filepath.Join(t.TempDir(), "latchkey.db")
		return func() (storetest.Store, error) { return store.Open(context.Background(), path, nil) }
	})
}

func TestOpenFails(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	later := filepath.Join(dir, "later.db")
	s, err := store.Open(context.Background(), later, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, later, `insert into goose_db_version (version_id, is_applied) values (99999, 1)`)
	for _, row := range []struct{ name, dsn, want string }{
		{"nothing", "", "no database is named"},
		{"another URL", "mysql://ada:secret@localhost/latchkey", `"mysql://localhost/latchkey": give the path of a file`},
		{"memory", ":memory:", "give the path of a file"},
		{"no such directory", filepath.Join(dir, "no", "x.db"), `directory "` + filepath.Join(dir, "no") + `" does not exist`},
		{"a directory", dir, "is a directory"},
		{"not a database", file("text.db", strings.Repeat("This is a letter. ", 100)), "is not an SQLite database"},
		{"of a later release", later, "made by a later release"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := store.Open(context.Background(), row.dsn, nil)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error %v, want %q", err, row.want)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
				t.Errorf("not fit for a terminal: %q", err)
			}
		})
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	for _, name := range []string{"latchkey.db", "odd ?#%20 name.db"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := store.Open(context.Background(), filepath.Join(dir, name), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.ChangeKeys(context.Background(), func(now time.Time, _ []auth.Key) (auth.KeyChange, error) {
				return auth.KeyChange{Put: []auth.Key{{Number: 1, Secret: []byte("seed"), CreatedAt: now}}}, nil
			}); err != nil {
				t.Fatal(err)
			}
			names := map[string]fs.FileMode{}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				info, err := e.Info()
				if err != nil {
					t.Fatal(err)
				}
				names[e.Name()] = info.Mode().Perm()
			}
			for _, file := range []string{name, name + "-wal", name + "-shm"} {
				if names[file] != 0o600 {
					t.Errorf("%s has mode %v (%v)", file, names[file], names)
				}
			}
		})
	}
}

// TestWritesAreDurable looks at what the promise about a loss of power rests on.
func TestWritesAreDurable(t *testing.T) {
	s, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "latchkey.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		if got := s.Pragma(t, pragma); got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
}

// TestRacingFirstOpens starts several processes' worth of migrations at once.
func TestRacingFirstOpens(t *testing.T) {
	openAtOnce(t, filepath.Join(t.TempDir(), "latchkey.db"), 8)
}

// openAtOnce has several processes open a database at once, and close it.
func openAtOnce(t *testing.T, path string, processes int) {
	t.Helper()
	var wg sync.WaitGroup
	for range processes {
		wg.Go(func() {
			s, err := store.Open(t.Context(), path, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestPlaceholdersAreInOrder reads the source: SQLite counts $1, $2 by where each first stands in the text, and not by
// its number as PostgreSQL does.
func TestPlaceholdersAreInOrder(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range regexp.MustCompile("`[^`]*`").FindAllString(string(source), -1) {
			highest := 0
			for _, m := range regexp.MustCompile(`\$(\d+)`).FindAllStringSubmatch(text, -1) {
				n, err := strconv.Atoi(m[1])
				if err != nil {
					t.Fatal(err)
				}
				if n > highest+1 {
					// A text that continues another one starts where that ends.
					if highest > 0 || !strings.HasPrefix(text, "`and") && !strings.HasPrefix(text, "`order by") && !strings.HasPrefix(text, "`, ") {
						t.Errorf("%s: $%d comes before $%d in %s", file, n, highest+1, text)
					}
				}
				highest = max(highest, n)
			}
			if highest > 0 {
				texts++
			}
		}
	}
	if texts < 20 {
		t.Errorf("found only %d statements", texts)
	}
}
