package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/shared/session"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// badLine is a command line that cannot be carried out.
type badLine struct {
	args []string
	want string // part of what is said of it
}

// badLines are such lines. None gets so far as to open the database.
func badLines(db string) map[string]badLine {
	return map[string]badLine{
		"no command":            {nil, "serve"},
		"unknown flag":          {[]string{"serve", "--adr=:80"}, "--adr"},
		"unknown command":       {[]string{"server"}, "server"},
		"duration without unit": {[]string{"serve", "--grace=30"}, "--grace"},
		"duration below 1s":     {[]string{"serve", "--access-ttl=500ms"}, "--access-ttl"},
		"negative duration":     {[]string{"serve", "--recovery=-1h"}, "--recovery"},
		"idle within grace":     {[]string{"serve", "--idle-ttl=10s"}, "--idle-ttl"},
		"attempts":              {[]string{"serve", "--login-attempts=-1"}, "--login-attempts"},
		"attempts, address":     {[]string{"serve", "--login-attempts-address=-1"}, "--login-attempts-address"},
		"logins":                {[]string{"serve", "--logins=-1"}, "--logins"},
		"posts kept":            {[]string{"serve", "--posts-kept=-1"}, "--posts-kept"},
		"sign-ups":              {[]string{"serve", "--sign-ups=-1"}, "--sign-ups"},
		"posts":                 {[]string{"serve", "--posts=-1"}, "--posts"},
		"breached, none":        {[]string{"serve", db, "--breached-passwords=/no/such"}, "--breached-passwords=\"/no/such\": no such file"},
		"breached, a folder":    {[]string{"serve", db, "--breached-passwords=/"}, "not a file"},
		"breached, empty":       {[]string{"serve", db, "--breached-passwords=/dev/null"}, "not a file"},
		"proxies":               {[]string{"serve", "--trusted-proxies=10.0.0.0/8,nginx"}, "--trusted-proxies"},
		"proxies, no network":   {[]string{"serve", "--trusted-proxies=10.0.0.0/33"}, "--trusted-proxies"},
		"proxies, mapped":       {[]string{"serve", "--trusted-proxies=::ffff:10.0.0.1"}, "--trusted-proxies"},
		"proxies, zone":         {[]string{"serve", "--trusted-proxies=fe80::1%eth0"}, "--trusted-proxies"},
		"address":               {[]string{"serve", "--addr=localhost"}, "--addr"},
		"origin with path":      {[]string{"serve", "--origin=https://app.example/x"}, "--origin"},
		"origin insecure":       {[]string{"serve", "--origin=http://app.example"}, "https"},
		"short wait":            {[]string{"serve", "--db-wait=10ms"}, "--db-wait"},
		"migrate, flag":         {[]string{"migrate", "--addr=localhost:0"}, "--addr"},
		"migrate, no database":  {[]string{"migrate", "--db="}, "--db"},
		"migrate, another":      {[]string{"migrate", "--db=mysql://localhost/x"}, "--db"},
		"empty database":        {[]string{"serve", "--db="}, "--db"},
		"another database":      {[]string{"serve", "--db=mysql://localhost/x"}, "--db"},
		"no PostgreSQL URL":     {[]string{"serve", "--db=postgres://ada:secret@localhost:port/x"}, "--db"},
		"tls, no key":           {[]string{"serve", db, "--tls-cert=c.pem"}, "--tls-key"},
		"tls, no certificate":   {[]string{"serve", db, "--tls-key=k.pem"}, "--tls-cert"},
		"tls, no files":         {[]string{"serve", db, "--tls-cert=/no/c.pem", "--tls-key=/no/k.pem"}, "--tls-cert"},
		"tls, http origin":      {[]string{"serve", db, "--tls-cert=c", "--tls-key=k", "--origin=http://localhost"}, "--origin"},
		"tls, twice":            {[]string{"serve", db, "--tls-cert=c", "--tls-key=k", "--tls-domain=app.example"}, "--tls-domain"},
		"domain, local":         {[]string{"serve", db, "--tls-domain=localhost"}, "--tls-domain"},
		"domain with a port":    {[]string{"serve", db, "--tls-domain=app.example:443"}, "--tls-domain"},
		"domain, an address":    {[]string{"serve", db, "--tls-domain=192.0.2.7"}, "--tls-domain"},
		"domain, http origin":   {[]string{"serve", db, "--tls-domain=app.example", "--origin=http://localhost"}, "--origin"},
		"domain, other origin":  {[]string{"serve", db, "--tls-domain=app.example", "--origin=https://www.example"}, "--origin"},
		"domain, no cache":      {[]string{"serve", db, "--tls-domain=app.example", "--tls-cache="}, "--tls-cache"},
		"domain, no authority":  {[]string{"serve", db, "--tls-domain=app.example", "--tls-authority=acme"}, "--tls-authority"},
		"http, bad":             {[]string{"serve", db, "--tls-domain=app.example", "--http-addr=80"}, "--http-addr"},
		"http, no https":        {[]string{"serve", db, "--http-addr=:80"}, "--http-addr"},
		"key age":               {[]string{"serve", db, "--key-max-age=10ms"}, "--key-max-age"},
		"key file, none":        {[]string{"serve", db, "--key-file=/no/such"}, "--key-file=\"/no/such\": no such file"},
		"sessions, last":        {[]string{"sessions", "--last=0"}, "--last"},
		"sessions, no database": {[]string{"sessions", "--db="}, "--db"},
		"sessions end, nothing": {[]string{"sessions", "end", db}, "--user, --session and --all"},
		"sessions end, twice":   {[]string{"sessions", "end", db, "--user=ada@example.com", "--all"}, "one of"},
		"sessions end, an id":   {[]string{"sessions", "end", db, "--session=1"}, "--session"},
		"sessions end, no db":   {[]string{"sessions", "end", "--all", "--db="}, "--db"},
		"keys, unknown command": {[]string{"keys", "drop"}, "drop"},
		"keys, no database":     {[]string{"keys", "--db="}, "--db"},
		"rotate, no database":   {[]string{"keys", "rotate", "--db="}, "--db"},
		"rotate, key file":      {[]string{"keys", "rotate", db, "--key-file=/"}, "not a file"},
		"admin":                 {[]string{"serve", db, "--admin-addr=9090"}, "--admin-addr"},
	}
}

func TestBadFlagsAreOneLineAndStatusTwo(t *testing.T) {
	for name, row := range badLines("--db=" + filepath.Join(t.TempDir(), "x.db")) {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(t.Context(), row.args, &stdout, &stderr); got != exitUsage {
				t.Errorf("exit status %d, want %d", got, exitUsage)
			}
			line := stderr.String()
			if strings.Count(line, "\n") != 1 || !strings.Contains(line, row.want) {
				t.Errorf("standard error is %q, want one line with %q", line, row.want)
			}
		})
	}
}

func TestEnvironmentVariablesAreFlags(t *testing.T) {
	t.Setenv("LATCHKEY_ACCESS_TTL", "never")
	var stderr bytes.Buffer
	if got := run(t.Context(), []string{"serve"}, io.Discard, &stderr); got != exitUsage || !strings.Contains(stderr.String(), "access-ttl") {
		t.Errorf("status %d, %q", got, stderr.String())
	}
}

// A server with --demo says where it is and how to log in; when it is told to end it does, with status 0.
func TestServeUntilTold(t *testing.T) {
	for name, db := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "x.db"), "PostgreSQL": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) { serveUntilTold(t, db) })
	}
}

func serveUntilTold(t *testing.T, db string) {
	for range 2 { // the second time on the same database
		srv := startServing(t, "--db="+db, "--demo")
		if !strings.Contains(srv.said, demoEmail) || !strings.Contains(srv.said, demoPassword) {
			t.Fatalf("standard output told %q", srv.said)
		}
		if status, _ := get(t, srv.url+"/readyz"); status != http.StatusOK {
			t.Errorf("/readyz: %d", status)
		}
		http.DefaultClient.CloseIdleConnections()
		if got := srv.end(); got != exitOK {
			t.Errorf("exit status %d", got)
		}
	}
}

// Without --demo there is no account that anybody knows of.
func TestNoAccountIsThereFromTheStart(t *testing.T) {
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"))
	if strings.Contains(srv.said, demoEmail) {
		t.Errorf("standard output told %q", srv.said)
	}
	s, err := session.New(srv.url + "/graphql")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Login(t.Context(), demoEmail, demoPassword); !errors.Is(err, session.ErrInvalidCredentials) {
		t.Errorf("the demo account's login: %v", err)
	}
}

// serving is the command serve while it runs.
type serving struct {
	url  string
	said string     // on standard output until it said where it is
	end  func() int // tells it to end, and returns the exit status
}

// startServing runs the command on a port of its own until it says where it is; what it logs, the test logs.
func startServing(t *testing.T, args ...string) serving {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"serve", "--addr=localhost:0"}, args...), stdout, t.Output())
		stdout.Close()
	}()
	srv := serving{}
	lines := bufio.NewScanner(out)
	for srv.url == "" && lines.Scan() {
		srv.said += lines.Text() + "\n"
		_, srv.url, _ = strings.Cut(lines.Text(), " is at ")
	}
	go io.Copy(io.Discard, out)
	srv.end = sync.OnceValue(func() int {
		stop()
		return <-status
	})
	t.Cleanup(func() { srv.end() })
	if srv.url == "" {
		t.Fatal("it ended before it served")
	}
	return srv
}

// TestPostsAreLimited publishes at a server with a low limit, which its own demo posts are not held to.
func TestPostsAreLimited(t *testing.T) {
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--demo", "--posts=1")
	token := signUp(t, srv, "ada@example.com")
	const query = `mutation { createPost(title: "Hello", body: "World") { id } }`
	for i, want := range []string{`"createPost":{`, `"RATE_LIMITED"`} {
		if _, body := ask(t, srv, token, query, nil); !strings.Contains(body, want) {
			t.Errorf("post %d: %s, want %s", i, body, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
