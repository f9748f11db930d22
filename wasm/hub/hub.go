package hub

import (
	"context"
	"sync"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
)

// Linger is how long the access token outlives the last page: long enough for a reload, short enough to be forgotten
// within the five seconds of the contract's §6.
const Linger = 3 * time.Second

// Hub is the one client behind all pages. Its methods may be called from any goroutine.
type Hub struct {
	session  *session.Session
	app      *screen.App
	tell     func(sessionID string)
	stop     func()         // ends the observation of the session
	running  sync.WaitGroup // the clock, the goroutine of every page, and every question to the server
	waking   pace           // tells the session that a page woke
	doubting pace           // asks whether what another worker said is so
	judging  pace           // asks whether the session of the client still stands

	mu      sync.Mutex // guards what follows
	pages   map[*Page]struct{}
	past    history         // of the session
	said    *string         // the id of the session that the workers spoke of last; nil: of none yet
	giveUp  func()          // ends the question whether that is so
	idle    *time.Timer     // runs while there is no page
	present context.Context // ends with the last page; nil while there is none
	absent  func()          // ends it
	closed  bool
}

// New returns a hub over the session, which it uses alone from then on. End it with [Hub.Close].
//
// tell passes the id of the session, or "" where there is none, on to the workers beside this one, whose hubs take it
// by [Hub.Heard]. It must not block, and is called whenever the server has said another than was spoken of last.
func New(s *session.Session, tell func(sessionID string)) *Hub {
	h := &Hub{session: s, app: screen.New(s), tell: tell, pages: map[*Page]struct{}{}, giveUp: func() {}}
	h.waking.do, h.doubting.do, h.judging.do = s.Wake, h.doubt, h.judge
	h.stop = s.Observe(func(st session.State) {
		h.note(st)
		h.changed()
		h.tellOf(st)
	})
	return h
}

// Close ends the work for every page and returns when it has stopped; pages that come later are not served. It leaves
// the session to its owner, and must not be called from within a [Port].
func (h *Hub) Close() {
	h.stop()
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	for _, p := range h.all() {
		p.Gone()
	}
	h.mu.Lock()
	h.stay()
	h.mu.Unlock()
	h.waking.end()
	h.doubting.end()
	h.judging.end()
	h.running.Wait()
}

// Connect takes a page in, to which port leads. It is served from its hello on.
func (h *Hub) Connect(port Port) *Page { return newPage(h, port) }

// enter counts a page in and starts its goroutine.
func (h *Hub) enter(p *Page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || p.ctx.Err() != nil {
		return
	}
	h.pages[p] = struct{}{}
	h.stay()
	if h.present == nil {
		present, absent := context.WithCancel(context.Background())
		h.present, h.absent = present, absent
		h.running.Go(func() { h.clock(present) })
	}
	h.running.Go(p.run)
}

// leave takes a page out. With the last one the clock stops, and the token is forgotten after a while.
func (h *Hub) leave(p *Page) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.pages[p]; !ok {
		return
	}
	delete(h.pages, p)
	if len(h.pages) > 0 {
		return
	}
	h.absent()
	h.present = nil
	var idle *time.Timer
	idle = time.AfterFunc(Linger, func() {
		// Forgetting with mu held keeps a page that arrives just now waiting: it is not shown a token that is lost
		// the next moment.
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.idle == idle {
			h.session.Forget()
		}
	})
	h.idle = idle
}

// stay keeps the token, whose end the last page's leaving had set. It is called with mu held.
func (h *Hub) stay() {
	if h.idle != nil {
		h.idle.Stop()
		h.idle = nil
	}
}

func (h *Hub) all() []*Page {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*Page, 0, len(h.pages))
	for p := range h.pages {
		list = append(list, p)
	}
	return list
}

// changed tells every page that the session did something.
func (h *Hub) changed() {
	for _, p := range h.all() {
		p.put(func(in *inbox) { in.changed = true })
	}
}

// clock counts down on every page, each second, while pages are present, and notices when the machine has slept.
func (h *Hub) clock(present context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-present.Done():
			return
		case <-tick.C:
			now := time.Now()
			if slept(last, now) {
				h.waking.soon()
			}
			last = now
			for _, p := range h.all() {
				p.ring() // whatever wakes a page makes it count
			}
		}
	}
}
