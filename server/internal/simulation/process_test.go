package simulation

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/route"
)

// linger is how long a process does its background work after a request. Half a day of polling twice a second would
// cost more than the rest of a history; without it a process asks the store, and the first poll after it is at once.
const linger = 2 * time.Second

// process is a server process: what it knows beside the database dies with it.
type process struct {
	w    *world
	name string

	mu      sync.Mutex // guards what follows
	life    int        // counts the starts; 0, and while it is down: none
	up      bool
	handler http.Handler
	users   *auth.Service
	idle    *time.Timer // ends the background work; nil: none is running
	stopRun context.CancelFunc
	runs    sync.WaitGroup
}

// start starts the process with an empty memory.
func (p *process) start() {
	log := slog.New(slog.DiscardHandler)
	cfg := config()
	cfg.Log = log
	users, err := auth.New(context.Background(), p.w.mutant.around(p.w.store), cfg)
	if !p.w.ok(err) {
		return
	}
	handler, err := route.Handler(route.Config{
		Auth: users, Blog: blog.New(p.w.store, blog.Limits{}), Assets: p.w.template.assets, Origin: origin,
		Grace: grace, IdleTTL: idleTTL, Ready: p.w.store.Ping, Log: log,
	})
	if !p.w.ok(err) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users, p.handler, p.up = users, handler, true
	p.life++
}

// kill ends the process where it stands.
func (p *process) kill() {
	p.w.note(p.name, "killed")
	p.w.count(func(t *tally) { t.killed++ })
	p.stop()
}

func (p *process) stop() {
	p.mu.Lock()
	p.up = false
	p.rest()
	p.mu.Unlock()
	p.runs.Wait()
}

// rest ends the background work. It is called with mu held.
func (p *process) rest() {
	if p.idle != nil {
		p.idle.Stop()
		p.stopRun()
		p.idle = nil
	}
}

// running returns which life of the process is, if it is up.
func (p *process) running() (life int, up bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life, p.up
}

// work keeps the background work going, and returns the handler.
func (p *process) work() http.Handler {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.idle != nil && p.idle.Reset(linger) {
		return p.handler
	}
	p.rest()
	ctx, cancel := context.WithCancel(context.Background())
	p.stopRun = cancel
	p.idle = time.AfterFunc(linger, cancel)
	users := p.users
	p.runs.Go(func() {
		if err := users.Run(ctx); err != nil {
			p.w.fail(p.name, "Run: %v", err)
		}
	})
	return p.handler
}

// serve has the process answer a request, and returns the answer as it goes over the wire.
func (p *process) serve(m *message) []byte {
	handler := p.work()
	var out *recorder
	p.w.watch.around(p, m, func() *http.Response {
		out = p.w.mutant.serve(handler, m)
		return out.response()
	})
	return out.wire(p.w)
}

// serve has a handler answer the request.
func (m *message) serve(handler http.Handler) *recorder {
	out := &recorder{header: http.Header{}}
	r, err := http.NewRequest(m.method, origin+m.path, bytes.NewReader(m.body))
	if !m.from.w.ok(err) {
		return out
	}
	r.Header = m.header.Clone()
	r.RequestURI, r.RemoteAddr = m.path, m.from.address+":4711"
	if m.cookie != "" {
		r.Header.Set("Cookie", cookieName+"="+m.cookie)
	}
	handler.ServeHTTP(out, r)
	return out
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	sent   http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status, r.sent = status, r.header.Clone()
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) response() *http.Response {
	r.WriteHeader(http.StatusOK)
	return &http.Response{StatusCode: r.status, ProtoMajor: 1, ProtoMinor: 1, Header: r.sent,
		ContentLength: int64(r.body.Len()), Body: io.NopCloser(bytes.NewReader(r.body.Bytes()))}
}

// wire writes the answer out as HTTP/1.1 does.
func (r *recorder) wire(w *world) []byte {
	resp := r.response()
	resp.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	var b bytes.Buffer
	w.ok(resp.Write(&b))
	return b.Bytes()
}
