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

// Hub is the one client behind all pages.
type Hub struct {
	session *session.Session
	app     *screen.App
	stop    func() // ends the observation of the session

	mu    sync.Mutex
	pages map[*Page]struct{}
	idle  *time.Timer   // runs while there is no page
	ticks chan struct{} // closed to stop the clock; nil while it stands
}

// New returns a hub over the session, which it uses alone from then on. End it with [Hub.Close].
func New(s *session.Session) *Hub {
	h := &Hub{session: s, app: screen.New(s), pages: map[*Page]struct{}{}}
	h.stop = s.Observe(func(session.State) { h.changed() })
	return h
}

// Close ends the work for every page. It leaves the session to its owner.
func (h *Hub) Close() {
	h.stop()
	for _, p := range h.all() {
		p.Gone()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.idle != nil {
		h.idle.Stop()
	}
}

// Connect takes a page in. Its messages are handled in their order, one after another.
func (h *Hub) Connect(port Port) *Page {
	p := newPage(h, port)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pages[p] = struct{}{}
	if h.idle != nil {
		h.idle.Stop()
		h.idle = nil
	}
	if h.ticks == nil {
		h.ticks = make(chan struct{})
		go h.clock(h.ticks)
	}
	return p
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
	h.idle = time.AfterFunc(Linger, h.forget)
}

func (h *Hub) forget() {
	h.mu.Lock()
	empty := len(h.pages) == 0
	h.mu.Unlock()
	if empty {
		h.session.Forget()
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
		p.enqueue(p.follow)
	}
}

// clock counts down on every page, each second, until stop is closed.
func (h *Hub) clock(stop <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			for _, p := range h.all() {
				p.enqueue(p.count)
			}
		}
	}
}
