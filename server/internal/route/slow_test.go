package route_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/route"
)

// pipes is a listener whose connections are pipes: they hold nothing, and their deadlines are of the test's own time.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial() net.Conn {
	client, server := net.Pipe()
	p <- server
	return client
}

// patient answers in its own time: /endless without end, /busy long after the body, /unread without reading that.
func patient(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/endless":
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	case "/unread":
		return
	}
	if _, err := io.ReadAll(r.Body); errors.Is(err, os.ErrDeadlineExceeded) {
		http.Error(w, "too slow", http.StatusRequestTimeout)
		return
	}
	if r.URL.Path == "/busy" {
		time.Sleep(20 * time.Second)
		if r.Context().Err() != nil {
			http.Error(w, "the client looks as if it had left", http.StatusInternalServerError)
		}
	}
}

// slow is a client that takes its time.
type slow struct {
	name, first, slowly string        // what it sends at once, and what a part at a time
	part                int           // bytes in each second; 0 for 1
	takes               int           // bytes that it reads in each second; 0 for all, -1 for none
	lasts               time.Duration // its connection
	status              int           // of the answer; 0 for none, or any
}

const (
	onHost = " HTTP/1.1\r\nHost: localhost\r\n"
	long   = "Content-Length: 1000000\r\n\r\n"
)

var slowOnes = []slow{
	{name: "says nothing", lasts: 10 * time.Second},
	{name: "a header letter by letter", first: "GET /" + onHost, slowly: "X: " + strings.Repeat("x", 10000), lasts: 10 * time.Second},
	{name: "a body letter by letter", first: "POST /" + onHost + long, slowly: strings.Repeat("x", 10000), lasts: 5 * time.Second, status: 408},
	{name: "a body at half the least pace", first: "POST /" + onHost + long, slowly: strings.Repeat("x", 1000000), part: 512, lasts: 5 * time.Second, status: 408},
	{name: "a body at the least pace", first: "POST /" + onHost + long, slowly: strings.Repeat("x", 1000000), part: 1300, lasts: 30 * time.Second, status: 408},
	{name: "a body that does not come", first: "POST /" + onHost + long, lasts: 5 * time.Second, status: 408},
	{name: "a body that stops", first: "POST /" + onHost + long + strings.Repeat("x", 900000), lasts: 5 * time.Second, status: 408},
	{name: "a body that does not come and nothing reads", first: "POST /unread" + onHost + "Content-Length: 10000\r\n\r\n", lasts: 5 * time.Second},
	{name: "waits long for its answer", first: "POST /busy" + onHost + "Content-Length: 6000\r\n\r\n" + strings.Repeat("x", 6000), lasts: 20*time.Second + 2*time.Minute, status: 200},
	{name: "asks no more", first: "GET /" + onHost + "\r\n", lasts: 2 * time.Minute, status: 200},
	{name: "asks no more after a body", first: "POST /" + onHost + "Content-Length: 6000\r\n\r\n" + strings.Repeat("x", 6000), lasts: 2 * time.Minute, status: 200},
	{name: "does not read", first: "GET /endless" + onHost + "\r\n", takes: -1, lasts: 30 * time.Second},
	{name: "reads too slowly", first: "GET /endless" + onHost + "\r\n", takes: 400, lasts: 30 * time.Second},
	{name: "reads slowly", first: "GET /endless" + onHost + "\r\n", takes: 1000, lasts: 15 * time.Minute},
}

// Each phase of a connection has a limit of time, and a body and a long answer move at a least pace.
func TestSlowClients(t *testing.T) {
	for _, c := range slowOnes {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := make(pipes)
				srv := route.Server(http.HandlerFunc(patient), slog.New(slog.DiscardHandler))
				go func() { _ = srv.Serve(route.Listen(ln)) }()
				lasted, said := c.connect(t, ln.dial())
				if lasted < c.lasts || lasted > c.lasts+2*time.Second {
					t.Errorf("the connection ended after %s, want %s", lasted, c.lasts)
				}
				if c.status != 0 && !strings.HasPrefix(said, fmt.Sprint("HTTP/1.1 ", c.status, " ")) {
					t.Errorf("the answer is %.100q, want %d", said, c.status)
				}
				close(ln)
				must(t, srv.Close())
			})
		})
	}
}

// connect returns how long it was until the server closed the connection, and the beginning of what it said.
func (c slow) connect(t *testing.T, conn net.Conn) (lasted time.Duration, said string) {
	began := time.Now()
	answer := make(chan string, 1)
	go func() {
		var all strings.Builder
		defer func() { answer <- all.String() }()
		for part := make([]byte, max(c.takes, 1000)); c.takes >= 0; {
			n, err := conn.Read(part)
			if all.Len() < 1000 {
				all.Write(part[:n])
			}
			if err != nil {
				return
			}
			if c.takes > 0 {
				time.Sleep(time.Second * time.Duration(n) / time.Duration(c.takes))
			}
		}
	}()
	_, _ = io.WriteString(conn, c.first) // as far as the server reads it
	for rest := c.slowly; rest != ""; time.Sleep(time.Second) {
		n := min(max(c.part, 1), len(rest))
		if _, err := io.WriteString(conn, rest[:n]); err != nil {
			break
		}
		rest = rest[n:]
	}
	if c.takes < 0 {
		for {
			if _, err := io.WriteString(conn, "\r\n"); err != nil { // the only way to tell
				return time.Since(began), ""
			}
		}
	}
	said = <-answer
	return time.Since(began), said
}
