package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestBadFlagsAreOneLineAndStatusTwo(t *testing.T) {
	db := "--db=" + filepath.Join(t.TempDir(), "x.db")
	for name, row := range map[string]struct {
		args []string
		want string // part of the line
	}{
		"no command":            {nil, "serve"},
		"unknown flag":          {[]string{"serve", "--adr=:80"}, "--adr"},
		"unknown command":       {[]string{"server"}, "server"},
		"duration without unit": {[]string{"serve", "--grace=30"}, "--grace"},
		"duration below 1s":     {[]string{"serve", "--access-ttl=500ms"}, "--access-ttl"},
		"negative duration":     {[]string{"serve", "--recovery=-1h"}, "--recovery"},
		"idle within grace":     {[]string{"serve", "--idle-ttl=10s"}, "--idle-ttl"},
		"attempts":              {[]string{"serve", "--login-attempts=-1"}, "--login-attempts"},
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
		"tls":                   {[]string{"serve", db, "--tls-cert=c.pem"}, "later"},
		"admin":                 {[]string{"serve", db, "--admin-addr=:9090"}, "later"},
	} {
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
		ctx, stop := context.WithCancel(t.Context())
		out, stdout := io.Pipe()
		status := make(chan int, 1)
		var stderr bytes.Buffer
		go func() {
			status <- run(ctx, []string{"serve", "--addr=localhost:0", "--db=" + db, "--demo"}, stdout, &stderr)
			stdout.Close()
		}()
		lines := bufio.NewScanner(out)
		url, demo := "", ""
		for url == "" && lines.Scan() {
			if strings.Contains(lines.Text(), demoPassword) {
				demo = lines.Text()
			}
			if _, after, ok := strings.Cut(lines.Text(), " is at "); ok {
				url = after
			}
		}
		if url == "" || !strings.Contains(demo, demoEmail) {
			t.Fatalf("standard output told %q and %q; standard error: %s", url, demo, stderr.String())
		}
		resp, err := http.Get(url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("/readyz: %s", resp.Status)
		}
		http.DefaultClient.CloseIdleConnections()
		stop()
		go io.Copy(io.Discard, out)
		if got := <-status; got != exitOK {
			t.Errorf("exit status %d: %s", got, stderr.String())
		}
	}
}
