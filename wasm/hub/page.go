package hub

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

const (
	patience  = 20 * time.Second // for one call of a page
	inboxSize = 64               // messages that may wait; a page that sends more at once is no page of ours
	hops      = 3                // redirects in a row: a page leads elsewhere at most once
)

// identity is what must be the same in all tabs: whose session it is, if there is one.
type identity struct{ session, user string }

func identityOf(s session.State) identity {
	if s.Phase == session.Active {
		return identity{"active", s.User.ID}
	}
	return identity{session: "none"}
}

// Page is one tab. Its methods return at once; what they start ends with the page.
type Page struct {
	hub   *Hub
	port  Port
	inbox chan func(context.Context)
	ctx   context.Context
	end   context.CancelFunc

	callMu sync.Mutex
	cancel context.CancelFunc // of the call under way or last made

	// Used by the goroutine of run alone.
	path    string
	shown   identity
	greeted bool
	check   *ui.CheckView
	patched map[string]string // what stands in the elements that are patched
}

func newPage(h *Hub, port Port) *Page {
	p := &Page{hub: h, port: port, inbox: make(chan func(context.Context), inboxSize), patched: map[string]string{}}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.cancel = func() {}
	go p.run()
	return p
}

func (p *Page) run() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case do := <-p.inbox:
			do(p.ctx)
		}
	}
}

// enqueue hands do to the page's goroutine. Where too much waits already it is dropped: the page's own timeout tells.
func (p *Page) enqueue(do func(context.Context)) {
	select {
	case p.inbox <- do:
	default:
	}
}

// Gone says that the tab is closed, or that its page went into the back-forward cache.
func (p *Page) Gone() {
	p.end()
	p.hub.leave(p)
}

// Hello introduces the page. Where what it shows is not what the client knows, the server is asked with the cookie.
// Then the page is told [Ready]. A second Hello is ignored.
func (p *Page) Hello(m Hello) {
	p.enqueue(func(ctx context.Context) {
		if p.greeted {
			return
		}
		p.greeted = true
		p.path, p.shown = m.Path, identity{"none", ""}
		if m.Session == "active" {
			p.shown = identity{"active", m.User}
		}
		if p.shown != identityOf(p.hub.session.State()) {
			p.resume(ctx)
		}
		p.follow(ctx)
		p.count(ctx)
		p.port.Post(Ready{})
	})
}

// resume asks the server whose session the cookie is. Its outcome is the session's state, which follow reads; a
// network that fails leaves the page as it is.
func (p *Page) resume(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.hub.session.Resume(ctx); err != nil && !errors.Is(err, session.ErrUnauthenticated) {
		return
	}
}

// Intent carries out what the person asked for, and answers the call with a [View]. A later call ends the wait for an
// earlier one.
func (p *Page) Intent(call int, path string, i screen.Intent) {
	p.call(func(ctx context.Context) {
		next, failed := p.hub.app.Do(ctx, path, i)
		if failed != nil {
			p.show(ctx, call, *failed)
			return
		}
		p.visit(ctx, call, next)
	})
}

// Go shows the page at path, and answers the call with a [View].
func (p *Page) Go(call int, path string) {
	p.call(func(ctx context.Context) { p.visit(ctx, call, path) })
}

// Checked takes what the page's own search for the token came to, and shows it.
func (p *Page) Checked(places []ui.Place) {
	p.enqueue(func(ctx context.Context) {
		p.check = &ui.CheckView{Places: places}
		p.patchCheck(ctx)
	})
}

func (p *Page) call(do func(context.Context)) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	p.callMu.Lock()
	p.cancel()
	p.cancel = cancel
	p.callMu.Unlock()
	p.enqueue(func(context.Context) {
		defer cancel()
		do(ctx)
	})
}

func (p *Page) visit(ctx context.Context, call int, path string) {
	v := p.hub.app.Show(ctx, path)
	for range hops {
		if v.Redirect == "" {
			break
		}
		v = p.hub.app.Show(ctx, v.Redirect)
	}
	p.show(ctx, call, v)
}

// follow shows the page anew where the session is not the one it shows.
func (p *Page) follow(ctx context.Context) {
	if !p.greeted {
		return
	}
	if now := identityOf(p.hub.session.State()); now != p.shown {
		p.visit(ctx, 0, p.path)
	}
	p.count(ctx)
}

func (p *Page) show(ctx context.Context, call int, v screen.View) {
	token := tokenView(p.hub.session.State(), time.Now())
	token.Check = p.check
	var html bytes.Buffer
	// The page's context may be over by now; rendering does no I/O and must not be cut by it.
	if err := v.Render(context.WithoutCancel(ctx), &html, token); err != nil {
		return // a component of ours failed to write to memory: the page's timeout tells
	}
	p.path, p.shown = v.Path, identity{"none", ""}
	if v.Session == "active" {
		p.shown = identity{"active", v.User}
	}
	p.patched = patches(token)
	p.port.Post(View{
		Call: call, Path: v.Path, Title: v.Title + " · Latchkey", HTML: html.String(),
		Session: v.Session, User: v.User, Focus: v.Focus,
	})
}
