package route_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/server/internal/route"
)

// Streams of HTTP/2 are held to the same pace, and give way as requests of HTTP/1 do, though they share a connection.
func TestSilentStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, config := certified(t)
		ln := make(pipes)
		h := route.NotAllAtOnce(inflight.New(inflight.Limits{Requests: 3}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch _, err := io.ReadAll(r.Body); {
			case errors.Is(err, os.ErrDeadlineExceeded):
				w.WriteHeader(http.StatusRequestTimeout)
			case errors.Is(err, inflight.ErrUsedUp):
				w.WriteHeader(http.StatusTooManyRequests)
			}
		}))
		srv := route.Server(h, slog.New(slog.DiscardHandler))
		go func() { _ = srv.Serve(route.ListenTLS(ln, server, "https://localhost", slog.New(slog.DiscardHandler))) }()
		transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true,
			DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.dial(), nil }}
		began := time.Now()
		said := make(chan string, 10)
		send := func(name, method string, body io.Reader) {
			r, err := http.NewRequestWithContext(t.Context(), method, "https://localhost/", body)
			must(t, err)
			resp, err := transport.RoundTrip(r)
			if err != nil {
				said <- fmt.Sprint(name, ": ", err)
				return
			}
			_ = resp.Body.Close()
			said <- fmt.Sprintf("%s: HTTP/%d %d after %s", name, resp.ProtoMajor, resp.StatusCode, time.Since(began))
		}
		var stalled []*io.PipeWriter
		send("alone", http.MethodGet, nil) // so that there is one connection for all
		for i := range 3 {
			body, w := io.Pipe()
			stalled = append(stalled, w)
			go send(fmt.Sprint("silent ", i), http.MethodPost, body)
			time.Sleep(time.Second)
		}
		go send("another", http.MethodGet, nil)
		want := []string{"alone: HTTP/2 200 after 0s", "another: HTTP/2 200 after 3s", "silent 0: HTTP/2 429 after 3s",
			"silent 1: HTTP/2 408 after 6s", "silent 2: HTTP/2 408 after 7s"}
		var got []string
		for range want {
			got = append(got, <-said)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		for _, w := range stalled {
			_ = w.Close()
		}
		transport.CloseIdleConnections()
		close(ln)
		must(t, srv.Close())
	})
}
