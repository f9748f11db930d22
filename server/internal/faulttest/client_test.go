package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

// pause is how long a client waits before it tries again what was not answered.
const pause = 10 * time.Millisecond

// client has a session and refreshes all the time.
type client interface {
	enter() error                 // logs in
	refresh(done <-chan struct{}) // refreshes until done, and returns sooner only where its session is lost
	alive() error                 // refreshes once more, and uses what it got
	counted() *counts
}

// counts is what a client has met. Every field only grows.
type counts struct {
	answered   atomic.Int64 // refreshes
	rotated    atomic.Int64 // of those, with a cookie
	unanswered atomic.Int64 // tries without a whole answer
	waited     atomic.Int64 // tries that were told to wait
	lost       atomic.Bool  // its session
}

// browser is a client that holds its newest cookie and access token, and nothing else.
type browser struct {
	*rig
	counts
	kind   string
	vars   map[string]any // of a refresh
	user   string
	place  int // of the server that it asks
	cookie string
	access string
}

func (b *browser) counted() *counts { return &b.counts }

func (b *browser) String() string { return b.kind + " client of " + b.user }

func (b *browser) enter() error {
	a, err := b.send(b.place, ask{query: loginQuery, vars: credentials(b.user)})
	if a.said() == "RATE_LIMITED" {
		err = session.ErrRateLimited
	}
	if err != nil || a.cookie() == "" {
		return fmt.Errorf("login: %s, %w", a, err)
	}
	b.cookie, b.access = a.cookie(), a.data.Enter.AccessToken
	return nil
}

func credentials(user string) map[string]any {
	return map[string]any{"email": user, "password": password}
}

func (b *browser) refresh(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		a, err := b.send(b.place, ask{query: refreshQuery, vars: b.vars, refresh: b.cookie})
		switch {
		case err != nil:
			b.unanswered.Add(1)
			b.again(done)
		case a.unavailable():
			b.waited.Add(1)
			b.again(done)
		case !b.took(a):
			b.lost.Store(true)
			b.t.Errorf("a %s is answered with %s", b, a)
			return
		}
	}
}

// again turns to the next server, after a pause.
func (b *browser) again(done <-chan struct{}) {
	b.place++
	wait := time.NewTimer(pause)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-done:
	}
}

// took keeps what an answered refresh gave, and reports whether it was answered.
func (b *browser) took(a answer) bool {
	token := a.cookie()
	if a.status != http.StatusOK || a.said() != "" || a.data.Enter.AccessToken == "" || token == "" && b.vars["minAge"] == nil {
		return false
	}
	b.access = a.data.Enter.AccessToken
	if token != "" {
		b.cookie = token
		b.rotated.Add(1)
	}
	b.answered.Add(1)
	return true
}

// alive refreshes without any of the kind's arguments: the last cookie answered must do by itself.
func (b *browser) alive() error {
	a, err := b.send(b.place, ask{query: refreshQuery, refresh: b.cookie})
	if err != nil || !b.took(a) {
		return fmt.Errorf("the last cookie answered: %s, %v", a, err)
	}
	if a, err = b.send(b.place, ask{query: meQuery, bearer: b.access}); err != nil || a.data.Me.Email != b.user {
		return fmt.Errorf("its access token: %s, %v", a, err)
	}
	return nil
}

// logout ends the session, and returns once that is answered.
func (b *browser) logout(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); b.again(nil) {
		if a, err := b.send(b.place, ask{query: logoutQuery, refresh: b.cookie}); err == nil && a.status == http.StatusOK && a.data.Logout {
			return
		}
	}
	t.Fatal("a logout is not answered")
}

// user is a client made of shared/session, as a program of somebody else has it.
type user struct {
	*rig
	counts
	email   string
	session *session.Session
}

func (u *user) counted() *counts { return &u.counts }

func (u *user) enter() (err error) {
	u.session, err = session.New(origin+"/graphql", session.WithTransport(&proxied{u}), session.WithMinAge(time.Second))
	if err != nil {
		return err
	}
	u.t.Cleanup(func() { _ = u.session.Close() }) // which never fails
	return u.session.Login(context.Background(), u.email, password)
}

func (u *user) refresh(done <-chan struct{}) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		<-done
		stop()
	}()
	for {
		switch err := u.session.Resume(ctx); {
		case err == nil:
			u.answered.Add(1)
		case ctx.Err() != nil:
			return
		default:
			u.lost.Store(true)
			u.t.Errorf("the session of %s: %v", u.email, err)
			return
		}
	}
}

func (u *user) alive() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := u.session.Resume(ctx); err != nil {
		return err
	}
	var q struct{ Me struct{ Email string } }
	if err := u.session.Query(ctx, &q, nil); err != nil || q.Me.Email != u.email {
		return fmt.Errorf("me is %q, %v", q.Me.Email, err)
	}
	return nil
}

// proxied brings a session's requests to a server, and to the next one where there was no answer.
type proxied struct{ *user }

func (p *proxied) RoundTrip(req *http.Request) (*http.Response, error) {
	address := p.somewhere()
	if address == "" {
		return nil, errors.Join(errNobody, req.Body.Close())
	}
	out := req.Clone(req.Context())
	out.Host, out.URL.Scheme, out.URL.Host = req.URL.Host, "http", address
	resp, err := p.transport.RoundTrip(out)
	switch {
	case err != nil:
		p.unanswered.Add(1)
	case resp.StatusCode == http.StatusServiceUnavailable:
		p.waited.Add(1)
	case len(resp.Header.Values("Set-Cookie")) > 0:
		p.rotated.Add(1)
	}
	return resp, err
}

// somewhere is the address of a server that runs, "" where none does.
func (r *rig) somewhere() string {
	for _, s := range r.servers {
		if address, _ := s.address.Load().(string); address != "" {
			return address
		}
	}
	return ""
}
