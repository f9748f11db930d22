package hub

import (
	"context"
	"sync"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// patience is how long the server may take for one call of a page. The page's own is longer.
const patience = 20 * time.Second

// Page is one tab. Its methods return at once; what they start ends with the page.
type Page struct {
	hub  *Hub
	port Port
	ctx  context.Context // ends with the page
	end  context.CancelFunc
	wake chan struct{} // has room for one: there may be something to do

	mu      sync.Mutex // guards what follows
	greeted bool
	told    bool // Ready
	inbox   inbox
	giveUp  context.CancelFunc // of the call that waits or is under way, or of the view that nobody asked for

	// Used by the goroutine of run alone.
	path    string
	kept    screen.Kept // comes with the next view
	shown   identity
	unsure  bool // the server has yet to answer whether shown still holds
	hidden  bool // nobody can see the page
	check   *ui.CheckView
	drawn   ui.TokenView      // of which the picture and the claims are that stand on the page
	patched map[string]string // what stands in the elements that are patched
}

// inbox is what waits for the page's goroutine: of each kind the newest, for it is the one that counts.
type inbox struct {
	hello    *Hello
	check    *ui.CheckView
	call     func()
	answered bool // the server has said whose session it is
	changed  bool // the session did something
	woke     bool // the page has come to be seen again, or the network is back
	hidden   *bool
}

func newPage(h *Hub, port Port) *Page {
	p := &Page{hub: h, port: port, wake: make(chan struct{}, 1), giveUp: func() {}, patched: map[string]string{}}
	p.ctx, p.end = context.WithCancel(context.Background())
	return p
}

// Knock asks whether the session that the page shows is the one that the client knows. Then the page is
// told [Ready] at once, and what it asks for waits for its hello, which takes a moment longer. Nothing else comes of it:
// the page counts as there from its hello on, and that decides anew.
func (p *Page) Knock(m Hello) {
	if p.hub.knows(m) {
		p.tellReady()
	}
}

// tellReady tells the page once that it is driven.
func (p *Page) tellReady() {
	p.mu.Lock()
	told := p.told
	p.told = true
	p.mu.Unlock()
	if !told {
		p.post(Ready{})
	}
}

// Hello introduces the page. Where what it shows is not what the client knows, the server is asked with the cookie.
// Then the page is told [Ready], if its knock was not answered so. A second Hello is ignored, and so is all else that
// comes before the first.
func (p *Page) Hello(m Hello) {
	p.mu.Lock()
	first := !p.greeted
	p.greeted = true
	if first {
		p.inbox.hello = &m
	}
	p.mu.Unlock()
	if first {
		p.ring()
		p.hub.enter(p)
	}
}

// Gone says that the tab is closed, or that its page went into the back-forward cache.
func (p *Page) Gone() {
	p.end()
	p.hub.leave(p)
}

// Intent carries out what the person asked for, and answers the call with a [View]. A later call ends the wait for an
// earlier one, which then has no answer.
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

// Go shows the page at path, and answers the call with a [View], as Intent does.
func (p *Page) Go(call int, path string) {
	p.call(func(ctx context.Context) { p.visit(ctx, call, path) })
}

// Checked takes what the page's own search for the token came to, and shows it.
func (p *Page) Checked(places []ui.Place) {
	p.put(func(in *inbox) { in.check = &ui.CheckView{Places: places} })
}

// Sight says whether the page is hidden, as a tab behind another one is. What changes with every second is not told to it
// then, but all at once when it can be seen again: a page that is woken every second costs power, and one of many tabs
// for nothing. What happens to the session is told at once.
func (p *Page) Sight(hidden bool) {
	p.put(func(in *inbox) { in.hidden = &hidden })
}

// put changes the inbox and wakes the page's goroutine.
func (p *Page) put(change func(*inbox)) {
	p.mu.Lock()
	if p.greeted {
		change(&p.inbox)
	}
	p.mu.Unlock()
	p.ring()
}

func (p *Page) ring() {
	select {
	case p.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// call puts do in the place of the call before it, which is given up.
func (p *Page) call(do func(context.Context)) {
	p.put(func(in *inbox) {
		ctx := p.begin()
		end := p.giveUp
		in.call = func() {
			defer end()
			do(ctx)
		}
	})
}

// begin gives up what was being shown, and returns the context of what is to be shown instead. It is called with mu
// held.
func (p *Page) begin() (ctx context.Context) {
	p.giveUp()
	ctx, p.giveUp = context.WithTimeout(p.ctx, patience)
	return ctx
}

// run does what the inbox asks for until the page is gone.
func (p *Page) run() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.wake:
		}
		p.mu.Lock()
		in := p.inbox
		p.inbox = inbox{}
		p.mu.Unlock()
		p.handle(in)
	}
}

func (p *Page) handle(in inbox) {
	if in.hello != nil {
		p.greet(*in.hello)
	}
	if in.hidden != nil {
		p.hidden = *in.hidden
	}
	if in.woke {
		p.hub.waking.soon()
	}
	if in.check != nil {
		p.check = in.check
		p.patchCheck()
	}
	if in.answered {
		p.unsure = false
	}
	switch {
	case in.call != nil:
		in.call()
	case in.changed, in.answered:
		p.follow()
	}
	p.count()
}

func (p *Page) greet(m Hello) {
	p.path, p.shown, p.hidden, p.kept = m.Path, shownBy(m), m.Hidden, m.Kept
	switch {
	case m.Undecided && p.hub.session.State().Phase == session.Active:
		p.follow() // at once: the client has found the session
		p.hub.judging.soon()
	case !p.hub.knows(m):
		p.ask(m)
	case p.hub.session.State().Phase == session.Unknown:
		p.hub.say("") // the server's word, of when it rendered the page: the client asks for none of its own
	}
	p.tellReady()
}

// ask asks the server whose session the cookie is, and has the page follow the answer. Where none comes in time the
// page stays as it is, for what the server rendered into it is more than the client knows; the question stays asked,
// and the page follows once it is answered.
func (p *Page) ask(m Hello) {
	p.unsure = true
	answered, agreed := make(chan struct{}), p.hub.settles(m)
	p.hub.running.Go(func() {
		if p.hub.agree(p.ctx, agreed) {
			close(answered)
			p.put(func(in *inbox) { in.answered = true })
		}
	})
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-answered:
		p.unsure = false
		p.follow()
	case <-late.C:
	case <-p.ctx.Done():
	}
}

// post tells the page, unless it is gone.
func (p *Page) post(m Message) {
	if p.ctx.Err() == nil {
		p.port.Post(m)
	}
}
