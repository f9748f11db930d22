package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/pgtest"
)

// signUp makes an account on a server, and returns its session's access token.
func signUp(t *testing.T, srv serving, email string) (accessToken string) {
	t.Helper()
	_, body := ask(t, srv, "", `mutation($email: String!, $password: String!) { signUp(email: $email, password: $password) { accessToken } }`,
		map[string]any{"email": email, "password": "correct horse battery"})
	var answer struct {
		Data struct{ SignUp struct{ AccessToken string } }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Data.SignUp.AccessToken == "" {
		t.Fatalf("it answers %s, %v", body, err)
	}
	return answer.Data.SignUp.AccessToken
}

// wantRevoked waits until the server refuses an access token, whose session has ended: no later than a second from now.
func wantRevoked(t *testing.T, srv serving, accessToken string) {
	t.Helper()
	for ended := time.Now(); ; {
		began := time.Now()
		status, body := ask(t, srv, accessToken, `{ me { email } }`, nil)
		switch late := began.Sub(ended) > time.Second; {
		case status == http.StatusUnauthorized && strings.Contains(body, `"REVOKED"`):
			return
		case status != http.StatusOK || late:
			t.Fatalf("%v after its end the answer is %d: %s", began.Sub(ended), status, body)
		}
	}
}

// printed returns what a command prints, one JSON object per line.
func printed[T any](t *testing.T, args ...string) (list []T) {
	t.Helper()
	for dec := json.NewDecoder(strings.NewReader(succeed(t, append(args, "--json")...))); ; {
		var x T
		if err := dec.Decode(&x); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
}

// TestSessionsCommands ends sessions of a server while it runs, on both databases.
func TestSessionsCommands(t *testing.T) {
	for name, file := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "x.db"), "PostgreSQL": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			db := "--db=" + file
			srv := startServing(t, db)
			if got := succeed(t, "sessions", db); got != "There are no live sessions.\n" {
				t.Errorf("of a new database it says %q", got)
			}
			ada, eve, joe := signUp(t, srv, "ada@example.com"), signUp(t, srv, "eve@example.com"), signUp(t, srv, "joe@example.com")
			list := printed[liveSession](t, "sessions", db)
			if len(list) != 3 || list[0].Email != "ada@example.com" || list[2].Email != "joe@example.com" {
				t.Fatalf("listed are %+v", list)
			}
			if x := list[1]; time.Since(x.CreatedAt) > time.Minute || x.LastUsedAt.Before(x.CreatedAt) || !x.ExpiresAt.After(x.LastUsedAt) ||
				x.IP == "" || !strings.HasPrefix(x.UserAgent, "Test/1.0") {
				t.Errorf("listed is %+v", x)
			}
			table := succeed(t, "sessions", "list", db, "--user= Eve@Example.com")
			line := `^USER +SESSION .*\neve@example.com +` + list[1].Session + ` +\S+Z +\S+Z +\S+ +Test/1\.0 \x{FFFD}\n$`
			if !regexp.MustCompile(line).MatchString(table) {
				t.Errorf("the table of one is %q", table)
			}
			wantEnded(t, 1, "--session="+list[0].Session, db)
			wantRevoked(t, srv, ada)
			wantEnded(t, 1, "--user=eve@example.com ", db)
			wantRevoked(t, srv, eve)
			if list := printed[liveSession](t, "sessions", db); len(list) != 1 || list[0].Email != "joe@example.com" {
				t.Errorf("then listed are %+v", list)
			}
			if status, body := ask(t, srv, joe, `{ me { email } }`, nil); status != http.StatusOK {
				t.Errorf("one that was not meant: %d, %s", status, body)
			}
			wantEnded(t, 1, "--all", db)
			wantRevoked(t, srv, joe)
			wantEnded(t, 0, "--all", db)
			for want, args := range map[string][]string{
				"eve2@example.com": {"--user=eve2@example.com"}, list[0].Session: {"--session=" + list[0].Session},
				"no live session": {"--session=" + uuid.NewString()},
			} {
				if status, line := fails(t, append([]string{"sessions", "end", db}, args...)...); status != exitFailure || !strings.Contains(line, want) {
					t.Errorf("%v: status %d, %q", args, status, line)
				}
			}
			for _, e := range printed[entry](t, "audit", db, "--kind=SESSION_ENDED") {
				if e.Reason != "REVOKED" || e.BySession != "" || e.IP != "" || e.UserAgent != "latchkey sessions end" {
					t.Errorf("on record is %+v", e)
				}
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

func wantEnded(t *testing.T, want int, args ...string) {
	t.Helper()
	got := succeed(t, append([]string{"sessions", "end"}, args...)...)
	if !strings.HasPrefix(got, "Live sessions that have ended: "+string(rune('0'+want))+".") {
		t.Errorf("%v: it says %q, want %d", args, got, want)
	}
}

// Where more are live than are listed, that is said, but not among them.
func TestSessionsAreListedUpToALimit(t *testing.T) {
	db := "--db=" + filepath.Join(t.TempDir(), "x.db")
	srv := startServing(t, db)
	signUp(t, srv, "ada@example.com")
	signUp(t, srv, "eve@example.com")
	http.DefaultClient.CloseIdleConnections()
	if list := printed[liveSession](t, "sessions", db, "--last=2"); len(list) != 2 {
		t.Errorf("listed are %+v", list)
	}
	var stdout, stderr strings.Builder
	if got := run(t.Context(), []string{"sessions", db, "--last=1", "--json"}, &stdout, &stderr); got != exitOK ||
		strings.Count(stdout.String(), "\n") != 1 || !strings.Contains(stdout.String(), "eve@example.com") || !strings.Contains(stderr.String(), "--last") {
		t.Errorf("status %d, %q, %q", got, stdout.String(), stderr.String())
	}
}
