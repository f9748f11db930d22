package route_test

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/server/internal/route"
)

// A flood of probes asks the database a few times a second, and every probe gets an answer that was asked for after it
// came or was under way then.
func TestProbesShareAPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked, answered atomic.Int64
		h := route.Ready(func(context.Context) error {
			asked.Add(1)
			time.Sleep(10 * time.Millisecond)
			return nil
		}, slog.New(slog.DiscardHandler))
		for range 1000 { // in one second
			go func() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
				if w.Code == http.StatusOK {
					answered.Add(1)
				}
			}()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		if asked.Load() > 6 || answered.Load() != 1000 {
			t.Errorf("%d probes are answered, and the database was asked %d times", answered.Load(), asked.Load())
		}
	})
}

// A database that stops to answer is known at once, and the probe that asked may leave.
func TestAProbeThatLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		h := route.Ready(func(ctx context.Context) error {
			time.Sleep(time.Second)
			if broken.Load() {
				return context.DeadlineExceeded
			}
			return ctx.Err()
		}, slog.New(slog.DiscardHandler))
		probe := func(ctx context.Context) int {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil).WithContext(ctx))
			return w.Code
		}
		leaves, leave := context.WithCancel(t.Context())
		go probe(leaves)
		synctest.Wait()
		leave()
		if got := probe(t.Context()); got != http.StatusOK {
			t.Errorf("the probe after one that left: %d", got)
		}
		broken.Store(true)
		if got := probe(t.Context()); got != http.StatusServiceUnavailable {
			t.Errorf("the probe of a broken database: %d", got)
		}
	})
}

// Monitors are answered where an address has as much under way as it may.
func TestProbesAreNotCounted(t *testing.T) {
	var h http.Handler
	ask := func(path string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	within := map[string]int{}
	h = route.NotAllAtOnce(inflight.New(inflight.Limits{Requests: 1}), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			for _, path := range []string{"/healthz", "/readyz", "/login"} {
				within[path] = ask(path)
			}
		}
	}))
	if got := ask("/"); got != http.StatusOK || !maps.Equal(within, map[string]int{"/healthz": 200, "/readyz": 200, "/login": 429}) {
		t.Errorf("%d, and within it %v", got, within)
	}
}
