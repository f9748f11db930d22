package route

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

func healthy(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "alive\n") }

// readiness answers whether the database can be reached. No limit holds for probes, so they must not become a flood of
// the database: it is asked a few times a second at most, and all probes that come meanwhile wait for the same answer.
type readiness struct {
	check func(context.Context) error
	log   *slog.Logger

	mu     sync.Mutex // guards latest
	latest *ping
}

// ping is one question to the database. err is set before done is closed.
type ping struct {
	begins time.Time
	done   chan struct{}
	err    error
}

const (
	pingEvery = 200 * time.Millisecond
	pingLimit = 2 * time.Second
)

func ready(check func(context.Context) error, log *slog.Logger) http.Handler {
	return &readiness{check: check, log: log}
}

func (a *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := a.join(r.Context())
	select {
	case <-p.done:
	case <-r.Context().Done():
		return // the client has left
	}
	if p.err != nil {
		plain(w, http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

// join returns the question that has no answer yet, or asks the next one, pingEvery after the last. A probe may leave
// while others wait for the same answer, so of ctx only the request id counts.
func (a *readiness) join(ctx context.Context) *ping {
	a.mu.Lock()
	defer a.mu.Unlock()
	begins := time.Now()
	if last := a.latest; last != nil {
		select {
		case <-last.done:
		default:
			return last
		}
		if next := last.begins.Add(pingEvery); next.After(begins) {
			begins = next
		}
	}
	p := &ping{begins: begins, done: make(chan struct{})}
	a.latest = p
	go a.ask(context.WithoutCancel(ctx), p)
	return p
}

func (a *readiness) ask(ctx context.Context, p *ping) {
	defer close(p.done)
	time.Sleep(time.Until(p.begins))
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	if p.err = a.check(ctx); p.err != nil {
		a.log.ErrorContext(ctx, "not ready", "error", p.err)
	}
}
