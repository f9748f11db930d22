package hub

import (
	"bytes"
	"context"
	"errors"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
)

// hops is how many redirects in a row are followed: a page leads elsewhere at most once.
const hops = 3

// identity is what must be the same in all tabs: whose session it is, if there is one.
type identity struct{ session, user string }

func identityOf(s session.State) identity { return identityIn(s.Phase.String(), s.User.ID) }

// identityIn is the identity of a page that says of itself in which phase its session is, and whose. All that is not
// active is one and the same.
func identityIn(phase, user string) identity {
	if phase == session.Active.String() {
		return identity{phase, user}
	}
	return identity{session: "none"}
}

// shownBy is the identity that a page shows at its hello. That of an undecided page is never the client's.
func shownBy(m Hello) identity {
	if m.Undecided {
		return identity{session: "undecided"}
	}
	return identityIn(m.Session, m.User)
}

// knows reports whether the session that a page shows is the client's. That it is the same user's is not enough: the
// client's may have ended, and the page have come with another.
func (h *Hub) knows(m Hello) bool {
	s := h.session.State()
	return shownBy(m) == identityOf(s) && (m.ID == "" || s.Phase != session.Active || m.ID == s.SessionID)
}

// settles returns a function that reports whether a page with the hello m needs no further question. For an undecided
// page one answer to the client's refresh is enough: that refresh is the judge.
func (h *Hub) settles(m Hello) func() bool {
	if !m.Undecided {
		return func() bool { return h.knows(m) }
	}
	unknown := h.session.State().Phase == session.Unknown
	return func() bool {
		phase := h.session.State().Phase
		return phase == session.Active || unknown && phase != session.Unknown
	}
}

// judge refreshes the session. The pages follow where the answer is another session, or none.
func (h *Hub) judge() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if present := h.present; present != nil {
		h.running.Go(func() { _ = h.session.Resume(present) }) // the session's observers hear what comes of it
	}
}

// agree asks the server until it has said whose session it is, and reports whether it has; where the client and who
// doubts it agree, nobody is asked. What is under way already serves many that come at once; but it may have set out
// with the cookie of before, so where they disagree then, the server is asked once more.
func (h *Hub) agree(ctx context.Context, agreed func() bool) (answered bool) {
	token := func(ctx context.Context) error { _, err := h.session.Token(ctx); return err }
	for _, ask := range []func(context.Context) error{token, h.session.Resume} {
		if agreed() {
			break
		}
		err := ask(ctx)
		if answered = err == nil || errors.Is(err, session.ErrUnauthenticated); !answered {
			return false
		}
	}
	return true
}

func (p *Page) visit(ctx context.Context, call int, path string) {
	p.land(ctx, call, p.hub.app.Show(ctx, path))
}

// land shows v, or where it redirects to.
func (p *Page) land(ctx context.Context, call int, v screen.View) {
	for range hops {
		if v.Redirect == "" {
			break
		}
		v = p.hub.app.Show(ctx, v.Redirect)
	}
	p.show(ctx, call, v)
}

// follow shows the page anew where the session is not the one it shows.
func (p *Page) follow() {
	if p.unsure || identityOf(p.hub.session.State()) == p.shown {
		return
	}
	p.mu.Lock()
	if p.inbox.call != nil { // its answer follows too
		p.mu.Unlock()
		return
	}
	ctx := p.begin()
	end := p.giveUp
	p.mu.Unlock()
	defer end()
	v := p.hub.app.GiveBack(ctx, p.path, p.kept)
	p.kept = screen.Kept{}
	p.land(ctx, 0, v)
}

// show puts v on the page, unless it was given up: a later call's answer is on its way then, or the page is gone.
func (p *Page) show(ctx context.Context, call int, v screen.View) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	token := p.hub.tokenView(time.Now())
	token.Check = p.check
	var html bytes.Buffer
	// The context's time may be over by now, and v say so; rendering does no I/O and must not be cut by it.
	if err := v.Render(context.WithoutCancel(ctx), &html, token); err != nil {
		return // a component of ours failed to write to memory: the page's timeout tells
	}
	p.path, p.shown, p.unsure = v.Path, identityIn(v.Session, v.User), false
	p.holds(token)
	p.post(View{
		Call: call, Path: v.Path, Title: v.Title + " · Latchkey", HTML: html.String(),
		Session: v.Session, User: v.User, Focus: v.Focus,
	})
}
