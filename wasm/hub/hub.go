package hub

import (
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
	session *session.Session
	app     *screen.App
	stop    func()         // ends the observation of the session
	running sync.WaitGroup // the clock, and the goroutine of every page

	mu     sync.Mutex // guards what follows
	pages  map[*Page]struct{}
	past   history       // of the session
	idle   *time.Timer   // runs while there is no page
	waking *time.Timer   // runs while the session is to be told that a page woke
	woken  time.Time     // when it was told last, by the wall clock
	ticks  chan struct{} // closed to stop the clock; nil while it stands
	closed bool
}

// New returns a hub over the session, which it uses alone from then on. End it with [Hub.Close].
func New(s *session.Session) *Hub {
	h := &Hub{session: s, app: screen.New(s), pages: map[*Page]struct{}{}}
	h.stop = s.Observe(func(st session.State) {
		h.note(st)
		h.changed()
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
	if h.waking != nil {
		h.waking.Stop()
	}
	h.mu.Unlock()
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
	if h.ticks == nil {
		stop := make(chan struct{})
		h.ticks = stop
		h.running.Go(func() { h.clock(stop) })
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
	close(h.ticks)
	h.ticks = nil
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

// clock counts down on every page, each second, until stop is closed, and notices when the machine has slept.
func (h *Hub) clock(stop <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-stop:
			return
		case <-tick.C:
			now := time.Now()
			if slept(last, now) {
				h.wake()
			}
			last = now
			for _, p := range h.all() {
				p.ring() // whatever wakes a page makes it count
			}
		}
	}
}
