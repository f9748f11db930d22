package simulation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/latchkey/shared/api"
	"example.com/latchkey/shared/session"
)

// worker is one real client with its link: that of a browser's workers, or a program.
type worker struct {
	*link
	s   *session.Session
	api *api.Client

	mu      sync.Mutex // guards what follows
	queries int
	running int         // refreshes under way
	starts  []time.Time // of refreshes, since one was last asked for
	judging bool        // judge is to ask
	judged  time.Time   // when it last did
}

// newWorker starts a client on the device.
func (d *device) newWorker(who string) *worker {
	w := &worker{link: d.newLink(who)}
	jitter := d.w.random(who + " jitter")
	var jar http.CookieJar
	if d.program {
		jar = d.jar
	}
	var err error
	w.s, err = session.New(endpoint, session.WithTransport(w), session.WithJar(jar), session.WithMinAge(grace),
		session.WithRandom(jitter.float))
	d.w.ok(err)
	w.s.Observe(w.changed)
	w.api = api.New(w.s)
	return w
}

// changed is told every state of the client.
func (w *worker) changed(st session.State) {
	if st.Phase == session.Ended || st.Phase == session.None {
		w.lost(w.who, "the client is "+st.Phase.String()+" "+string(st.Reason), w.session())
	}
}

// resume asks for a token, as a page does that shows other than the client knows.
func (w *worker) resume(ctx context.Context) {
	if w.s.State().Phase == session.Active {
		return
	}
	w.mu.Lock()
	w.starts = nil
	w.mu.Unlock()
	_ = w.s.Resume(ctx) // the observer is told
}

// doubt is how long a client that was asked for its session again is not asked once more (wasm/hub).
const doubt = 5 * time.Second

// judge asks for a token anew, whatever the client knows, as a page does that the server left undecided (P).
func (w *worker) judge(ctx context.Context) {
	w.mu.Lock()
	wait, asked := max(0, doubt-time.Since(w.judged)), w.judging
	w.judging = true
	w.mu.Unlock()
	if asked {
		return
	}
	time.Sleep(wait)
	w.mu.Lock()
	w.starts, w.judging, w.judged = nil, false, time.Now()
	w.mu.Unlock()
	_ = w.s.Resume(ctx) // the observer is told
}

// query asks for the posts.
func (w *worker) query(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	w.mu.Lock()
	w.queries++
	ctx = context.WithValue(ctx, purpose{}, w.queries)
	w.mu.Unlock()
	who := w.session()
	posts, err := w.api.Posts(ctx, 5, "")
	switch {
	case errors.Is(err, session.ErrUnauthenticated):
		w.lost(w.who, "a query fails: "+err.Error(), who)
	case err == nil && (len(posts) == 0 || slices.ContainsFunc(posts, func(p api.Post) bool { return p.Body != "of "+w.account.email })):
		w.w.fail(w.who, "the posts are %v", posts)
	}
}

// close ends the client, with whatever it has under way.
func (w *worker) close() { w.w.ok(w.s.Close()) }

// RoundTrip implements http.RoundTripper over the link.
func (w *worker) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if err := req.Body.Close(); err != nil {
		return nil, err
	}
	m := &message{kind: kindOf(body), method: req.Method, path: req.URL.Path, header: req.Header.Clone(), body: body}
	m.header.Del("Cookie")
	if !w.program {
		m.header.Set("Sec-Fetch-Site", "same-origin")
	}
	if bearer := bearerOf(m.header); bearer != "" {
		m.header.Set("Authorization", "Bearer "+w.unseen(bearer))
	}
	if m.kind == refresh {
		m.body = w.w.mutant.request(body, w.s.State().Phase == session.Active)
		w.begin()
		defer w.end()
	}
	return w.send(req.Context(), m)
}

// stormy is how many refreshes a client may start within a minute, without anybody asking for them anew. Where each is
// refused at once, eight take it through the backoff's growing part (16 s on average); of those that follow, each
// waits a random part of 30 s. That seventeen more fit into the minute has a chance of less than 1 in 10^9.
const stormy = 25

// begin counts a refresh that starts, and checks that it is the only one.
func (w *worker) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running++; w.running > 1 {
		w.w.fail(w.who, "%d refreshes at once", w.running)
	}
	w.starts = append(w.starts, time.Now())
	for time.Since(w.starts[0]) > time.Minute {
		w.starts = w.starts[1:]
	}
	if len(w.starts) > stormy {
		w.w.fail(w.who, "%d refreshes in a minute", len(w.starts))
	}
}

func (w *worker) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
}

// seen rewrites an answer for a device whose clock is off, and unseen puts the token that the device holds back into
// the one that the server made.
func (d *device) seen(h http.Header, body []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.offset == 0 {
		return body
	}
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		h.Set("Date", at.Add(d.offset).UTC().Format(http.TimeFormat))
	}
	token := accessIn(body)
	if _, whole := readAccess(token); !whole {
		return body
	}
	moved := shifted(token, d.offset)
	d.real[moved] = token
	h.Del("Content-Length")
	return bytes.ReplaceAll(body, []byte(token), []byte(moved))
}

func (d *device) unseen(token string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if real := d.real[token]; real != "" {
		return real
	}
	return token
}
