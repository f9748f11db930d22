package store_test

import (
	"crypto/ed25519"
	"database/sql"
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// TestMigrationOfKeys brings a database of the second version up to date: the key that it has goes on signing.
func TestMigrationOfKeys(t *testing.T) {
	seed := []byte("an Ed25519 seed has 32 bytes ...")
	x := base64.RawURLEncoding.EncodeToString(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	made := time.Now().Add(-time.Hour).UnixMilli()
	for _, row := range []struct{ name, driver, dsn string }{
		{"SQLite", "sqlite3", filepath.Join(t.TempDir(), "latchkey.db")},
		{"PostgreSQL", "pgx", pgtest.Database(t)},
	} {
		t.Run(row.name, func(t *testing.T) {
			store.MigrateTo(t, row.dsn, 2)
			db, err := sql.Open(row.driver, row.dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), `insert into signing_keys (number, seed, created_at) values (1, $1, $2)`, seed, made); err != nil {
				t.Fatal(err)
			}
			s, service := serving(t, row.dsn)
			if set := string(service.JWKS()); !strings.Contains(set, x) || strings.Count(set, `"kid"`) != 1 {
				t.Errorf("published: %s", set)
			}
			g := signUp(t, service)
			keys, err := auth.ListKeys(t.Context(), s)
			if err != nil || len(keys) != 1 || keys[0].State != auth.KeySigning || keys[0].Kid == "" || keys[0].SignsFrom.UnixMilli() != made {
				t.Errorf("keys %+v, %v", keys, err)
			}
			// Back and forth again: the key is there, and what has come beside it is not.
			store.MigrateTo(t, row.dsn, 2)
			if n := s.Value(t, `select count(*) from signing_keys`); n != "1" {
				t.Errorf("%s keys in the second version", n)
			}
			store.MigrateTo(t, row.dsn, 3)
			_, service = serving(t, row.dsn)
			if _, err := service.Authenticate(t.Context(), g.AccessToken, true); err != nil {
				t.Errorf("after a migration down and up: %v", err)
			}
		})
	}
}

// TestMigrationExposesKeys brings a database of the sixth version up to date: whatever its rows say by then, its keys may
// have stood in the clear before. The first server with a master key replaces them.
func TestMigrationExposesKeys(t *testing.T) {
	for _, row := range []struct{ name, driver, dsn string }{
		{"SQLite", "sqlite3", filepath.Join(t.TempDir(), "latchkey.db")},
		{"PostgreSQL", "pgx", pgtest.Database(t)},
	} {
		t.Run(row.name, func(t *testing.T) {
			with := func(masters auth.MasterKeys) []auth.Key {
				s, err := store.Open(t.Context(), row.dsn, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if masters != nil {
					if _, err := auth.New(t.Context(), s, auth.Config{MasterKeys: masters}); err != nil {
						t.Fatal(err)
					}
				}
				keys, _, err := s.Keys(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return keys
			}
			masters := masterKeys(t)
			for _, k := range with(masters) {
				if k.Exposed || k.SealedBy == "" {
					t.Errorf("of a new database: %+v", k)
				}
			}
			store.MigrateTo(t, row.dsn, 6)
			before := with(nil)
			for _, k := range before {
				if !k.Exposed || k.SealedBy == "" {
					t.Errorf("migrated: %+v", k)
				}
			}
			after := with(masters)
			if len(after) != len(before) {
				t.Errorf("%d keys, then %d", len(before), len(after))
			}
			for _, k := range after {
				if k.Exposed || k.Number <= before[len(before)-1].Number {
					t.Errorf("with the master key: %+v", k)
				}
			}
		})
	}
}
