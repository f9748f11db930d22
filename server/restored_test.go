package main

import (
	"database/sql"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/pgtest"
)

// TestRestored restores a database from a backup in which a session is live that has ended since, on both databases,
// with and without a master key.
func TestRestored(t *testing.T) {
	for _, row := range []struct {
		name, driver, db string
		encrypted        bool
	}{
		{"SQLite", "sqlite3", filepath.Join(t.TempDir(), "x.db"), false},
		{"SQLite encrypted", "sqlite3", filepath.Join(t.TempDir(), "y.db"), true},
		{"PostgreSQL", "pgx", pgtest.Database(t), false},
		{"PostgreSQL encrypted", "pgx", pgtest.Database(t), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			flags := []string{"--db=" + row.db}
			if row.encrypted {
				path, _ := keyFile(t)
				flags = append(flags, "--key-file="+path)
			}
			srv := &behind{addr: freeAddress(t)}
			srv.start(t, flags...)
			ada, eve := signUp(t, srv.serving, "ada@example.com"), signUp(t, srv.serving, "eve@example.com")
			if _, body := ask(t, srv.serving, eve, `mutation { logout }`, nil); !strings.Contains(body, "true") {
				t.Fatalf("logout: %s", body)
			}
			wantStatus(t, srv.serving, http.StatusUnauthorized, eve)
			asBefore(t, row.driver, row.db)
			srv.restart(t, flags...)
			wantStatus(t, srv.serving, http.StatusOK, ada, eve) // the backup has revived it
			kids := published(t, srv.url)
			http.DefaultClient.CloseIdleConnections()
			srv.end()

			text := says(t, append([]string{"restored"}, flags...)...)
			said := regexp.MustCompile(`(?s)^Live sessions that have ended: 2\. .*key (\S{43}) signs.*Passwords are those of the copy.*Start the servers now`).FindStringSubmatch(text)
			if said == nil || said[1] == kids[0] {
				t.Fatalf("it says %q", text)
			}
			srv.start(t, flags...)
			if got := published(t, srv.url); len(got) != 1 || got[0] != said[1] {
				t.Errorf("published %v, want %s", got, said[1])
			}
			wantStatus(t, srv.serving, http.StatusUnauthorized, ada, eve)
			if !login(t, srv.serving, "ada@example.com", "correct horse battery") {
				t.Error("the account holder cannot log in")
			}
			wantRecorded(t, flags[0])
			if again := says(t, append([]string{"restored"}, flags...)...); !strings.HasPrefix(again, "Live sessions that have ended: 1.") {
				t.Errorf("once more it says %q", again)
			}
			if again := says(t, append([]string{"restored"}, flags...)...); !strings.HasPrefix(again, "Live sessions that have ended: 0.") {
				t.Errorf("the third time it says %q", again)
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

// asBefore undoes the endings, as a copy does that was made before.
func asBefore(t *testing.T, driver, dsn string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `update sessions set ended_at = null, end_reason = null`); err != nil {
		t.Fatal(err)
	}
}

func wantStatus(t *testing.T, srv serving, want int, accessTokens ...string) {
	t.Helper()
	for i, token := range accessTokens {
		if status, body := ask(t, srv, token, `{ me { email } }`, nil); status != want {
			t.Errorf("token %d: %d, want %d: %s", i, status, want, body)
		}
	}
}

// wantRecorded holds that the audit record names the command in every entry that it made.
func wantRecorded(t *testing.T, db string) {
	t.Helper()
	ended := 0
	for _, e := range printed[entry](t, "audit", db, "--kind=SESSION_ENDED") {
		if e.UserAgent == "latchkey restored" && e.Reason == "REVOKED" && e.BySession == "" && e.IP == "" {
			ended++
		}
	}
	replaced := printed[entry](t, "audit", db, "--kind=KEYS_REPLACED")
	if ended != 2 || len(replaced) != 1 || replaced[0].UserAgent != "latchkey restored" {
		t.Errorf("on record are %d ended sessions, and %+v", ended, replaced)
	}
}

// TestRestoredWithAnotherMasterKey runs it on a copy whose keys were encrypted with an older master key, and on one of
// the time before there was any.
func TestRestoredWithAnotherMasterKey(t *testing.T) {
	older, _ := keyFile(t)
	newer, _ := keyFile(t)
	for name, before := range map[string][]string{"older": {"--key-file=" + older}, "none": nil} {
		t.Run(name, func(t *testing.T) {
			db := "--db=" + filepath.Join(t.TempDir(), "x.db")
			startServing(t, append(before, db)...).end()
			if name == "older" {
				for _, args := range [][]string{{"restored", db}, {"restored", db, "--key-file=" + newer}} {
					if status, line := fails(t, args...); status != exitUsage || !strings.Contains(line, "--key-file") {
						t.Errorf("%v: status %d, %q", args, status, line)
					}
				}
			}
			both := "--key-file=" + newer + "," + older
			if got := says(t, "restored", db, both); !strings.HasPrefix(got, "Live sessions that have ended: 0.") {
				t.Errorf("it says %q", got)
			}
			startServing(t, db, "--key-file="+newer).end() // nothing needs the older one
		})
	}
}
