package simulation

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// watch sees every request that a process answers, with the database before and after it, and checks that
//
//   - a live session has exactly one current token, and it is the session's generation;
//   - a cookie and an access token of an answer are the current ones, and in the database by then;
//   - a session that has ended answers no refresh, and no access token of it after a second, in any process;
//   - a page clears no cookie, and where it is undecided (P) it changes nothing;
//   - a form that is posted is answered with 303 exactly where it was carried out.
//
// What it checks of thieves is in thefts.
type watch struct {
	w    *world
	look *sql.DB

	mu       lock // guards what follows, and lets one request in at a time
	names    map[string]generation
	sessions map[string]*sitting
}

// sitting is a session under watch.
type sitting struct {
	owner    *device
	id       string
	label    string
	now      state  // as the database has it
	leaving  bool   // its owner, or a thief, may have ended it
	access   string // the latest access token
	thefts   thefts
	recorded bool // its end has been noted
}

// state is a session in the database.
type state struct {
	generation int64
	endedAt    time.Time
	reason     string
	currents   int // tokens that are current
	current    int64
}

// lock is a mutex that a bubble's time may pass behind.
type lock chan struct{}

func (l lock) Lock()   { l <- struct{}{} }
func (l lock) Unlock() { <-l }

func newWatch(w *world, look *sql.DB) *watch {
	return &watch{w: w, look: look, mu: make(lock, 1), names: map[string]generation{}, sessions: map[string]*sitting{}}
}

func (o *watch) close() error { return o.look.Close() }

// add puts a session under watch.
func (o *watch) add(owner *device, session, cookie string) *sitting {
	s := &sitting{owner: owner, id: session, label: fmt.Sprintf("session %d", len(o.sessions)+1), thefts: newThefts()}
	o.sessions[session] = s
	if cookie != "" {
		o.names[cookie] = generation{session, 1, s.label}
	}
	return s
}

// leave says that the session of a token may end from now on without anybody being wronged.
func (o *watch) leave(cookie string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.sessions[o.names[cookie].session]; s != nil {
		s.leaving = true
	}
}

// mayEnd reports whether that was said of the session.
func (o *watch) mayEnd(session string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sessions[session].leaving
}

// hasEnded reports whether the session has.
func (o *watch) hasEnded(session string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.sessions[session].now.endedAt.IsZero()
}

// name returns which token a cookie is.
func (o *watch) name(cookie string) generation {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.names[cookie]
}

// around has serve answer m, and looks before and after.
func (o *watch) around(p *process, m *message, serve func() *http.Response) {
	o.mu.Lock()
	defer o.mu.Unlock()
	shown := o.shown(m)
	s := o.sessions[shown.session]
	var was state
	if s != nil {
		was = s.now
		o.before(s, m, shown)
	}
	posts := o.posts(m)
	resp := serve()
	body, err := io.ReadAll(resp.Body)
	o.w.ok(err)
	o.count(m)
	set := o.cookies(m, resp)
	token := accessIn(body)
	o.w.note(m.who, "%s with %v at %s: %d, cookie %v", m, shown, p.name, resp.StatusCode, set)
	o.readAll()
	for _, one := range o.sessions {
		o.consistent(one)
	}
	o.answered(m, set, token)
	if carried := o.posts(m) - posts; m.method == http.MethodPost && m.kind == page && (carried == 1) != (resp.StatusCode == http.StatusSeeOther) {
		o.w.fail(m.who, "a form that makes %d posts is answered with %d", carried, resp.StatusCode)
	}
	if s == nil {
		return
	}
	o.undecided(s, was, m, resp.StatusCode, set, body)
	answered := token != "" && m.kind == refresh || m.kind == page && resp.StatusCode < http.StatusBadRequest ||
		m.kind == query && resp.StatusCode == http.StatusOK && bytes.Contains(body, []byte(`"posts":[`))
	o.after(s, m, shown, set, answered)
}

// undecided tells whether a page was not answered by its token though the session lives, and checks that the page then
// says so, changes nothing and sets no cookie (P).
func (o *watch) undecided(s *sitting, was state, m *message, status int, set generation, body []byte) {
	m.undecided = m.kind == page && status == http.StatusUnauthorized && s.now.endedAt.IsZero()
	if says := bytes.Contains(body, []byte(" data-undecided>")); says != m.undecided {
		o.w.fail(m.who, "a page with status %d says %v that it is undecided, and %s lives: %v", status, says, s.label, s.now.endedAt.IsZero())
	}
	if !m.undecided {
		return
	}
	o.w.count(func(t *tally) { t.undecided++ })
	if s.now != was || set.session != "" {
		o.w.fail(m.who, "an undecided page changes %s from %v to %v and sets the cookie of %v", s.label, was, s.now, set)
	}
}

// shown returns the token that a request shows: that of its access token, or of its cookie.
func (o *watch) shown(m *message) generation {
	if bearer := bearerOf(m.header); bearer != "" {
		a, _ := readAccess(bearer)
		return o.generation(a)
	}
	return o.names[m.cookie]
}

// generation names an access token.
func (o *watch) generation(a accessToken) generation {
	g := generation{session: a.Session, number: a.Generation}
	if s := o.sessions[a.Session]; s != nil {
		g.label = s.label
	}
	return g
}

func (o *watch) count(m *message) {
	o.w.count(func(t *tally) {
		t.requests++
		if m.kind == refresh || m.kind == page {
			t.refreshes++
		}
	})
}

// cookies names the refresh token that an answer sets.
func (o *watch) cookies(m *message, resp *http.Response) (set generation) {
	for _, c := range resp.Cookies() {
		switch {
		case c.Name != cookieName:
		case c.MaxAge < 0 || c.Value == "":
			if m.kind == page {
				o.w.fail(m.who, "a page clears the cookie")
			}
		default:
			set = o.identify(m, c.Value)
		}
	}
	return set
}

// identify finds a token that was sent just now in the database.
func (o *watch) identify(m *message, cookie string) (g generation) {
	secret, err := base64.RawURLEncoding.DecodeString(cookie[strings.LastIndexByte(cookie, '.')+1:])
	o.w.ok(err)
	hash := sha256.Sum256(secret)
	err = o.look.QueryRow(`select session_id, generation from refresh_tokens where hash = $1`, hash[:]).
		Scan(&g.session, &g.number)
	if errors.Is(err, sql.ErrNoRows) {
		o.w.fail(m.who, "an answer carries a token that is not in the database")
		return g
	}
	o.w.ok(err)
	if o.sessions[g.session] == nil {
		o.add(m.from, g.session, "").leaving = m.from.thief
	}
	g.label = o.sessions[g.session].label
	o.names[cookie] = g
	return g
}

// consistent checks a session in the database.
func (o *watch) consistent(s *sitting) {
	switch n := s.now; {
	case !n.endedAt.IsZero():
		if !s.recorded {
			s.recorded = true
			o.ended(s)
		}
	case n.currents != 1 || n.current != n.generation:
		o.w.fail("database", "%s has %d current tokens, the last one %d, and generation %d",
			s.label, n.currents, n.current, n.generation)
	}
}

// answered checks the tokens of an answer.
func (o *watch) answered(m *message, set generation, token string) {
	if token == "" && set.session == "" {
		return
	}
	if a, ok := readAccess(token); ok {
		if s := o.sessions[a.Session]; s == nil || s.now.generation != a.Generation {
			o.w.fail(m.who, "the answer has an access token of %v, which is not the current token", o.generation(a))
		} else {
			s.access = token
		}
	}
	if s := o.sessions[set.session]; set.session != "" && (s == nil || s.now.generation != set.number) {
		o.w.fail(m.who, "the answer has the cookie of %v, which is not the current token", set)
	}
}

// before takes the state of a session that a request is about to change.
func (o *watch) before(s *sitting, m *message, shown generation) {
	if m.from.thief {
		s.leaving = true
	}
	s.thefts.before(o, s, m, shown)
}

// after checks what a request did to the session of its token, of which it was answered or not.
func (o *watch) after(s *sitting, m *message, shown, set generation, answered bool) {
	gone := s.now.endedAt
	if answered && !gone.IsZero() && (m.kind != query || time.Since(gone) > time.Second) {
		o.w.fail(m.who, "%s with %v was answered, %v after the end of its session", m.kind, shown, time.Since(gone))
	}
	s.thefts.after(o, s, m, shown, set, answered)
}
