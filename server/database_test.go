package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"example.com/latchkey/server/internal/pgtest"
)

func TestADatabaseThatCannotBeOpenedIsOneLine(t *testing.T) {
	there := pgtest.Database(t)
	wrong, err := url.Parse(there)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword(pgtest.User, "hunter2")
	for name, args := range map[string][]string{
		"no directory":     {"--db=" + filepath.Join(t.TempDir(), "no", "such", "dir.db")},
		"nobody listens":   {"--db=postgres://ada:secret@127.0.0.1:1/latchkey", "--db-wait=0"},
		"no such host":     {"--db=postgres://ada:secret@nowhere.invalid/latchkey"},
		"wrong password":   {"--db=" + wrong.String()},
		"no such database": {"--db=" + there + "nowhere"},
	} {
		for command, more := range map[string][]string{"serve": {"--addr=localhost:0"}, "migrate": nil} {
			t.Run(name+", "+command, func(t *testing.T) {
				var stderr bytes.Buffer
				got := run(t.Context(), append(append([]string{command}, more...), args...), io.Discard, &stderr)
				line := stderr.String() // of one that waited there would be two
				if got != exitFailure || strings.Count(line, "\n") != 1 {
					t.Errorf("status %d, standard error %q: want one line", got, line)
				}
				wantNoSecret(t, line)
			})
		}
	}
}

func wantNoSecret(t *testing.T, line string) {
	t.Helper()
	for _, word := range []string{"ada", "secret", "hunter2", pgtest.User, pgtest.Password} {
		if strings.Contains(line, word) {
			t.Errorf("standard error tells of %q: %s", word, line)
		}
	}
}

func TestMigrateTellsTheVersions(t *testing.T) {
	for name, db := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "x.db"), "PostgreSQL": pgtest.Database(t)} {
		t.Run(name, func(t *testing.T) {
			var latest int
			for try := range 2 {
				var stdout, stderr bytes.Buffer
				if got := run(t.Context(), []string{"migrate", "--db=" + db}, &stdout, &stderr); got != exitOK {
					t.Fatalf("exit status %d: %s", got, stderr.String())
				}
				var to, from int
				_, err := fmt.Sscanf(stdout.String(), "The tables are at version %d; they were at version %d.\n", &to, &from)
				if err != nil || strings.Count(stdout.String(), "\n") != 1 || to < 1 || from != latest || try == 1 && to != latest {
					t.Errorf("it says %q, %v", stdout.String(), err)
				}
				latest = to
			}
		})
	}
}

// started is a run of the program that is waiting for its database.
type started struct {
	status chan int
	stdout *bufio.Scanner
	stderr *bufio.Scanner
	stop   context.CancelFunc
}

// waiting runs a command and returns once its log says that it waits.
func waiting(t *testing.T, args ...string) *started {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	errs, stderr := io.Pipe()
	s := &started{status: make(chan int, 1), stdout: bufio.NewScanner(out), stderr: bufio.NewScanner(errs), stop: stop}
	go func() {
		s.status <- run(ctx, args, stdout, stderr)
		stdout.Close()
		stderr.Close()
	}()
	if !s.stderr.Scan() || !strings.Contains(s.stderr.Text(), "waiting for PostgreSQL") {
		t.Fatalf("standard error says %q, want that it waits", s.stderr.Text())
	}
	wantNoSecret(t, s.stderr.Text())
	return s
}

// rest returns what else stands on standard error, once the run has ended.
func (s *started) rest() (lines []string) {
	for s.stderr.Scan() {
		lines = append(lines, s.stderr.Text())
	}
	return lines
}

// A server that is started before its PostgreSQL serves once that is there.
func TestServeWaitsForPostgres(t *testing.T) {
	cluster := pgtest.Start(t)
	db := cluster.Database(t)
	cluster.Kill(t)
	s := waiting(t, "serve", "--addr=localhost:0", "--db="+db)
	rest := make(chan []string)
	go func() { rest <- s.rest() }()
	cluster.Restart(t)
	if !s.stdout.Scan() || !strings.Contains(s.stdout.Text(), " is at ") {
		t.Errorf("standard output says %q: %v", s.stdout.Text(), <-rest)
	}
	s.stop()
	if got := <-s.status; got != exitOK {
		t.Errorf("exit status %d: %v", got, <-rest)
	}
}

func TestTheWaitEnds(t *testing.T) {
	nobody := "--db=postgres://ada:secret@127.0.0.1:1/latchkey"
	busy := "--db=postgres://ada:secret@" + starting(t) + "/latchkey"
	for _, row := range []struct {
		name   string
		args   []string
		told   bool // to end
		status int
		lines  int // on standard error after it said that it waits
	}{
		{"serve, told to end, nobody listens", []string{"serve", nobody}, true, exitOK, 0},
		{"serve, told to end, still starting", []string{"serve", busy}, true, exitOK, 0},
		{"migrate, told to end", []string{"migrate", nobody}, true, exitFailure, 1},
		{"serve, too long, nobody listens", []string{"serve", nobody, "--db-wait=1s"}, false, exitFailure, 1},
		{"serve, too long, still starting", []string{"serve", busy, "--db-wait=1s"}, false, exitFailure, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := waiting(t, row.args...)
			began := time.Now()
			if row.told {
				s.stop()
			}
			lines := s.rest()
			if got := <-s.status; got != row.status || len(lines) != row.lines {
				t.Errorf("exit status %d, %q", got, lines)
			}
			for _, line := range lines {
				wantNoSecret(t, line)
			}
			if d := time.Since(began); d > 10*time.Second { // far below the 30 s of the default
				t.Errorf("it took %v", d)
			}
			if s.stdout.Scan() {
				t.Errorf("standard output says %q", s.stdout.Text())
			}
		})
	}
}

// starting listens as a PostgreSQL that has not recovered yet, until the test ends, and returns its address.
func starting(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			refuse(conn)
		}
	}()
	return ln.Addr().String()
}

// refuse answers one connection as PostgreSQL does while it starts, with or without a wish for TLS before. An error is
// the connection's: then the peer has given up.
func refuse(conn net.Conn) {
	defer conn.Close()
	backend := pgproto3.NewBackend(conn, conn)
	first, err := backend.ReceiveStartupMessage()
	if _, ok := first.(*pgproto3.SSLRequest); ok && err == nil {
		if _, err = conn.Write([]byte("N")); err == nil {
			_, err = backend.ReceiveStartupMessage()
		}
	}
	if err != nil {
		return
	}
	backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"})
	_ = backend.Flush()
}
