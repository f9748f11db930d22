package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/pgtest"
)

// login asks a server to log in, and says whether it did.
func login(t *testing.T, srv serving, email, password string) bool {
	t.Helper()
	_, body := ask(t, srv, "", `mutation($email: String!, $password: String!) { login(email: $email, password: $password) { expiryDate } }`,
		map[string]any{"email": email, "password": password})
	return !strings.Contains(body, "errors")
}

// ask asks a server something, with an access token unless that is "".
func ask(t *testing.T, srv serving, accessToken, query string, variables map[string]any) (status int, text string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Test/1.0 \u202e")
	if accessToken != "" {
		req.Header.Set("Authorization", "Bearer "+accessToken)
	}
	return answer(t, req)
}

func TestAudit(t *testing.T) {
	for name, db := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "x.db"), "PostgreSQL": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			srv := startServing(t, "--db="+db, "--demo")
			if login(t, srv, demoEmail, "hunter2") || login(t, srv, "my password", "hunter2") || !login(t, srv, demoEmail, demoPassword) {
				t.Error("logins did not go as they should")
			}
			http.DefaultClient.CloseIdleConnections()
			if got := srv.end(); got != exitOK { // what was refused is on record now
				t.Fatalf("exit status %d", got)
			}
			for _, row := range []struct {
				name  string
				args  []string
				kinds string
			}{
				{"all", nil, "KEY_ANNOUNCED ACCOUNT_CREATED SESSION_ENDED LOGIN_FAILED LOGIN_FAILED LOGGED_IN"},
				{"of a user", []string{"--user= Demo@Example.com"}, "ACCOUNT_CREATED SESSION_ENDED LOGIN_FAILED LOGGED_IN"},
				{"of a kind", []string{"--kind=LOGIN_FAILED"}, "LOGIN_FAILED LOGIN_FAILED"},
				{"lately", []string{"--since=1h", "--kind=LOGGED_IN"}, "LOGGED_IN"},
				{"not so lately", []string{"--since=1s"}, ""},
			} {
				if row.name == "not so lately" {
					time.Sleep(1100 * time.Millisecond)
				}
				t.Run(row.name, func(t *testing.T) {
					args := append([]string{"audit", "--db=" + db}, row.args...)
					wantKinds(t, fromTable(t, succeed(t, args...)), row.kinds)
					wantKinds(t, fromJSON(t, succeed(t, append(args, "--json")...)), row.kinds)
				})
			}
			table := succeed(t, "audit", "--db="+db)
			all := table + succeed(t, "audit", "--db="+db, "--json")
			for _, bad := range []string{"hunter2", "my password", demoPassword} {
				if strings.Contains(all, bad) {
					t.Errorf("the audit record holds %q:\n%s", bad, all)
				}
			}
			if strings.Contains(table, "\u202e") { // RIGHT-TO-LEFT OVERRIDE
				t.Errorf("a stranger's text changes how the table reads: %q", table)
			}
			var stderr bytes.Buffer
			if got := run(t.Context(), []string{"audit", "--db=" + db, "--user=eve@example.com"}, io.Discard, &stderr); got != exitFailure ||
				strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), "--user") {
				t.Errorf("a user that there is not: status %d, %q", got, stderr.String())
			}
		})
	}
}

// succeed runs a command and returns what it says.
func succeed(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(t.Context(), args, &stdout, &stderr); got != exitOK || stderr.Len() > 0 {
		t.Fatalf("%v: exit status %d: %s", args, got, stderr.String())
	}
	return stdout.String()
}

func wantKinds(t *testing.T, got []string, want string) {
	t.Helper()
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func fromTable(t *testing.T, text string) (kinds []string) {
	t.Helper()
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if words := strings.Fields(line); i > 0 {
			kinds = append(kinds, words[1])
			if _, err := time.Parse(time.RFC3339, words[0]); err != nil || words[1] != "LOGIN_FAILED" && words[1] != "KEY_ANNOUNCED" && words[4] != demoEmail {
				t.Errorf("line %q: %v", line, err)
			}
		}
	}
	return kinds
}

func fromJSON(t *testing.T, text string) (kinds []string) {
	t.Helper()
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var e struct {
			Kind, User, Email, UserAgent, IP, At string
			Count                                int
		}
		if err := dec.Decode(&e); err == io.EOF {
			return kinds
		} else if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, e.Kind)
		if e.Count != 1 || (e.User == "") != (e.Email == "") || e.Kind == "LOGGED_IN" && (e.IP != "127.0.0.1" && e.IP != "::1" || e.UserAgent == "") {
			t.Errorf("entry %+v", e)
		}
	}
}

// The audit record is looked at, and nothing else: not even a file is made where its name is mistyped.
func TestAuditMakesNothing(t *testing.T) {
	db := filepath.Join(t.TempDir(), "mistyped.db")
	var stderr bytes.Buffer
	if got := run(t.Context(), []string{"audit", "--db=" + db}, io.Discard, &stderr); got != exitFailure || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("exit status %d, %q", got, stderr.String())
	}
	if _, err := os.Stat(db); !os.IsNotExist(err) {
		t.Errorf("there is a file: %v", err)
	}
}

// What was done for users is among the figures.
func TestFiguresOfLogins(t *testing.T) {
	admin := freeAddress(t)
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--demo", "--admin-addr="+admin)
	login(t, srv, demoEmail, "wrong password")
	login(t, srv, demoEmail, demoPassword)
	_, text := get(t, "http://"+admin+"/metrics")
	for name, value := range map[string]int{
		`logins_total{outcome="OK"}`: 1, `logins_total{outcome="INVALID_CREDENTIALS"}`: 1, `logins_total{outcome="RATE_LIMITED"}`: 0,
		`logins_total{outcome="BUSY"}`:       0,
		`refreshes_total{outcome="ROTATED"}`: 0, `refreshes_total{outcome="UNKNOWN_TOKEN"}`: 0,
		`sessions_ended_total{reason="LOGGED_OUT"}`:   1, // of the demo account's maker
		`sessions_ended_total{reason="TOKEN_REUSED"}`: 0,
	} {
		if line := fmt.Sprintf("\nlatchkey_%s %d\n", name, value); !strings.Contains(text, line) {
			t.Errorf("no %q", line)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
