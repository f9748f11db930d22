package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/pgtest"
)

// TestMasterKeyIsChanged gives two servers on one database a new master key, one after the other. No access token becomes
// invalid, and in the end nothing needs the old one.
func TestMasterKeyIsChanged(t *testing.T) {
	for name, file := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "x.db"), "PostgreSQL": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			before, _ := keyFile(t)
			after, _ := keyFile(t)
			db, old, changing, changed := "--db="+file, "--key-file="+before, "--key-file="+after+","+before, "--key-file="+after
			a, b := &behind{addr: freeAddress(t)}, &behind{addr: freeAddress(t)}
			a.start(t, db, old)
			b.start(t, db, old)
			token := signUp(t, a.serving, "ada@example.com")
			known := func() {
				t.Helper()
				for _, srv := range []*behind{a, b} {
					if status, body := ask(t, srv.serving, token, `{ me { email } }`, nil); status != http.StatusOK || !strings.Contains(body, "ada@") {
						t.Errorf("%s: %d, %s", srv.addr, status, body)
					}
				}
			}
			known()
			if status, line := fails(t, "serve", "--addr=localhost:0", db, changed); status != exitUsage || !strings.Contains(line, "new.key,old.key") {
				t.Errorf("too soon: status %d, %q", status, line)
			}
			if status, line := fails(t, "keys", "rotate", db, changing); status != exitUsage || !strings.Contains(line, "start every server") {
				t.Errorf("rotated too soon: status %d, %q", status, line)
			}
			a.restart(t, db, changing)
			known()
			token = signUp(t, b.serving, "ada@example.org") // the one with the old key alone signs on
			known()
			b.restart(t, db, changing)
			known()
			says(t, "keys", "rotate", db, changing)
			if status, line := fails(t, "keys", "rotate", db, old); status != exitUsage || !strings.Contains(line, "another master key") {
				t.Errorf("the old one alone: status %d, %q", status, line)
			}
			for _, srv := range []*behind{a, b} {
				srv.restart(t, db, changed)
				known()
			}
			says(t, "keys", "rotate", db, changed, "--now")
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

// behind is a server behind a proxy, which has its origin.
type behind struct {
	serving
	addr string
}

func (b *behind) start(t *testing.T, args ...string) {
	t.Helper()
	b.serving = startServing(t, append(args, "--addr="+b.addr, "--origin=http://app.localhost")...)
	b.url = "http://" + b.addr
}

// restart ends the server and starts another in its place.
func (b *behind) restart(t *testing.T, args ...string) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	if got := b.end(); got != exitOK {
		t.Errorf("exit status %d", got)
	}
	b.start(t, args...)
}
