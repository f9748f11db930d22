package route_test

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/route"
)

// TestSlowClients has clients that take their time, against a server that has a twentieth of the patience of a real one.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	srv := route.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/endless" {
			for {
				if _, err := w.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}
		if _, err := io.ReadAll(r.Body); err != nil {
			http.Error(w, "too slow", http.StatusRequestTimeout)
		}
	}), slog.New(slog.DiscardHandler))
	const haste = 20
	for _, patience := range []*time.Duration{&srv.ReadHeaderTimeout, &srv.ReadTimeout, &srv.WriteTimeout, &srv.IdleTimeout} {
		if *patience <= 0 || *patience > 2*time.Minute {
			t.Fatalf("a patience of %s", *patience)
		}
		*patience /= haste
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = srv.Serve(route.Listen(ln)) }()
	t.Cleanup(func() { must(t, srv.Close()) })

	const host = " HTTP/1.1\r\nHost: localhost\r\n"
	for _, row := range []struct {
		name, first, slowly string
		takes               time.Duration // of a real server
		reads               bool
	}{
		{"says nothing", "", "", 10 * time.Second, true},
		{"a header letter by letter", "GET /" + host, "X: " + strings.Repeat("x", 10000), 10 * time.Second, true},
		{"a body letter by letter", "POST /" + host + "Content-Length: 10000\r\n\r\n", strings.Repeat("x", 10000), 30 * time.Second, true},
		{"a body that does not come", "POST /" + host + "Content-Length: 10000\r\n\r\n", "", 30 * time.Second, true},
		{"asks no more", "GET /" + host + "\r\n", "", 2 * time.Minute, true},
		{"does not read", "GET /endless" + host + "\r\n", "", time.Minute, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", ln.Addr().String())
			must(t, err)
			defer conn.Close()
			began := time.Now()
			must(t, conn.SetDeadline(began.Add(time.Minute)))
			_, err = io.WriteString(conn, row.first)
			must(t, err)
			ended := make(chan struct{})
			if row.reads {
				go func() {
					_, _ = bufio.NewReader(conn).WriteTo(io.Discard) // until the server has closed
					close(ended)
				}()
			}
			trickle := time.NewTicker(20 * time.Millisecond)
			defer trickle.Stop()
			for i := 0; ; i++ {
				select {
				case <-trickle.C:
				case <-ended:
				}
				letter := "\r\n" // of what is not read: whether anybody is there
				switch {
				case i < len(row.slowly):
					letter = row.slowly[i : i+1]
				case row.reads:
					letter = ""
				}
				_, err := io.WriteString(conn, letter)
				took := time.Since(began) * haste
				select {
				case <-ended:
				default:
					if err == nil && took < row.takes+haste*20*time.Second {
						continue
					}
				}
				if took < row.takes*9/10 || took > row.takes+haste*20*time.Second {
					t.Errorf("the connection ended after %s, want %s", took, row.takes)
				}
				return
			}
		})
	}
}
