package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// masterKeys are those of a server that encrypts its keys.
func masterKeys(t *testing.T) auth.MasterKeys {
	t.Helper()
	m, err := auth.NewMasterKey(bytes.Repeat([]byte{7}, auth.MasterKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return auth.MasterKeys{m}
}

// clearFile makes a database whose keys stand in the clear, in its file, and in parts of it that are free too: as an
// earlier release left them there.
func clearFile(t *testing.T) (path string, secrets [][]byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "latchkey.db")
	s, err := store.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.New(t.Context(), s, auth.Config{}); err != nil {
		t.Fatal(err)
	}
	keys, _, err := s.Keys(t.Context())
	if err != nil || len(keys) < 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	s.Set(t, "secure_delete", "off")
	for _, k := range keys {
		secrets = append(secrets, k.Secret)
		for _, sealedBy := range []string{"", strings.Repeat("x", 50), ""} { // a longer row moves
			k.SealedBy = sealedBy
			if err := s.ChangeKeys(t.Context(), put(k)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if counts := found(t, path, secrets); slices.Min(counts) < 1 || slices.Max(counts) < 2 {
		t.Fatalf("the secrets are in the file %v times: there is nothing to find", counts)
	}
	return path, secrets
}

func put(k auth.Key) func(time.Time, []auth.Key) (auth.KeyChange, error) {
	return func(time.Time, []auth.Key) (auth.KeyChange, error) { return auth.KeyChange{Put: []auth.Key{k}}, nil }
}

// found returns how often each secret is in the files of the database.
func found(t *testing.T, path string, secrets [][]byte) []int {
	t.Helper()
	counts := make([]int, len(secrets))
	for _, companion := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(path + companion)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for i, secret := range secrets {
			counts[i] += bytes.Count(content, secret)
		}
	}
	return counts
}

// TestClearKeysAreInNoFile starts a server with a master key on a database whose keys stand in the clear, and searches
// the files while it runs.
func TestClearKeysAreInNoFile(t *testing.T) {
	path, secrets := clearFile(t)
	s, err := store.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := auth.New(t.Context(), s, auth.Config{MasterKeys: masterKeys(t)}); err != nil {
		t.Fatal(err)
	}
	for i, n := range found(t, path, secrets) {
		if n > 0 {
			t.Errorf("the secret of key %d is in the files %d times", i+1, n)
		}
	}
	if keys, _, err := s.Keys(t.Context()); err != nil || len(keys) != len(secrets) {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

// TestReplacedKeysAreInNoFile replaces keys while a reader holds on to the write-ahead log: the next round of pruning
// finishes it.
func TestReplacedKeysAreInNoFile(t *testing.T) {
	path, secrets := clearFile(t)
	var log bytes.Buffer
	s, err := store.Open(t.Context(), path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reader, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRow(`select count(*) from signing_keys`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := auth.ReplaceKeys(t.Context(), s, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "reader") {
		t.Errorf("it does not say that a reader is in the way: %s", &log)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	if _, _, err := s.Prune(context.Background(), auth.Retention{}, auth.PruneCursor{}, 10); err != nil {
		t.Fatal(err)
	}
	for i, n := range found(t, path, secrets) {
		if n > 0 {
			t.Errorf("the secret of key %d is in the files %d times", i+1, n)
		}
	}
	if log.Len() > 0 {
		t.Errorf("then it says %s", &log)
	}
}
