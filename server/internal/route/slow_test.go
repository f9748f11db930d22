package route_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/route"
)

const haste = 20 // of the tests: a real server has so many times the patience

// impatient starts a server of route.Server and returns its address. Below /endless its answer has no end.
func impatient(t *testing.T) string {
	srv := route.HastyServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}
		if r.URL.Path == "/unread" {
			return
		}
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, "too slow", http.StatusRequestTimeout)
		}
	}), slog.New(slog.DiscardHandler), haste)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = srv.Serve(route.Listen(ln)) }()
	t.Cleanup(func() { must(t, srv.Close()) })
	return ln.Addr().String()
}

// slow is a client that takes its time.
type slow struct {
	name, first, slowly string        // what it sends at once, and what part by part
	part                int           // bytes in 0.4 s at a real server; 0 for 1
	deaf                bool          // it does not read
	lasts               time.Duration // its connection, at a real server
}

func TestSlowClients(t *testing.T) {
	t.Parallel()
	address := impatient(t)
	const host = " HTTP/1.1\r\nHost: localhost\r\n"
	for _, c := range []slow{
		{name: "says nothing", lasts: 10 * time.Second},
		{name: "a header letter by letter", first: "GET /" + host, slowly: "X: " + strings.Repeat("x", 10000), lasts: 10 * time.Second},
		{name: "a body letter by letter", first: "POST /" + host + "Content-Length: 10000\r\n\r\n", slowly: strings.Repeat("x", 10000), lasts: 5 * time.Second},
		{name: "a body at the least pace", first: "POST /" + host + "Content-Length: 1000000\r\n\r\n", slowly: strings.Repeat("x", 1000000), part: 5 << 10, lasts: 30 * time.Second},
		{name: "a body that does not come", first: "POST /" + host + "Content-Length: 10000\r\n\r\n", lasts: 5 * time.Second},
		{name: "a body that does not come and nothing reads", first: "POST /unread" + host + "Content-Length: 10000\r\n\r\n", lasts: 5 * time.Second},
		{name: "a body that stops", first: "POST /" + host + "Content-Length: 1000000\r\n\r\n" + strings.Repeat("x", 900000), lasts: 5 * time.Second},
		{name: "asks no more", first: "GET /" + host + "\r\n", lasts: 2 * time.Minute},
		{name: "asks no more after a body", first: "POST /" + host + "Content-Length: 6000\r\n\r\n" + strings.Repeat("x", 6000), lasts: 2 * time.Minute},
		{name: "does not read", first: "GET /endless" + host + "\r\n", slowly: strings.Repeat("\r\n", 10000), deaf: true, lasts: 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const slack = haste * 20 * time.Second // of a machine that has much else to do
			if lasted := c.connect(t, address, c.lasts+slack) * haste; lasted < c.lasts*9/10 || lasted > c.lasts+slack {
				t.Errorf("the connection ended after %s, want %s", lasted, c.lasts)
			}
		})
	}
}

// connect returns how long it was until the server closed the connection, or atMost.
func (c slow) connect(t *testing.T, address string, atMost time.Duration) time.Duration {
	conn, err := net.Dial("tcp", address)
	must(t, err)
	defer conn.Close()
	began := time.Now()
	must(t, conn.SetDeadline(began.Add(atMost)))
	_, err = io.WriteString(conn, c.first)
	must(t, err)
	closed := make(chan struct{})
	if !c.deaf {
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			close(closed)
		}()
	}
	trickle := time.NewTicker(20 * time.Millisecond)
	defer trickle.Stop()
	for rest := c.slowly; ; {
		select {
		case <-trickle.C:
		case <-closed:
			return time.Since(began)
		}
		if rest == "" {
			continue
		}
		n := min(max(c.part, 1), len(rest))
		if _, err := io.WriteString(conn, rest[:n]); err != nil && c.deaf {
			return time.Since(began) // there is no other way to tell
		}
		rest = rest[n:]
	}
}
