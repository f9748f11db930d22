package hub

import "time"

const (
	// wakePause is how long no page is heard that says again that it woke.
	wakePause = 5 * time.Second
	// lateTick is how late the clock's tick may be before the machine is taken to have slept. A busy one is not so late.
	lateTick = 5 * time.Second
)

// Wake says that the page has come to be seen again, or that the network is back. What was due meanwhile is done now,
// and what waits to be tried again is tried soon. It is a bare fact, and pages that flood it are heard once in five
// seconds.
func (p *Page) Wake() {
	p.put(func(in *inbox) { in.woke = true })
}

// wake tells the session, at once where it was not told in the last wakePause, and else at the end of it.
func (h *Hub) wake() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waking != nil || h.closed {
		return // it will be told
	}
	since := time.Now().Round(0).Sub(h.woken) // by the wall clock, which runs while the machine sleeps
	h.waking = time.AfterFunc(min(max(0, wakePause-since), wakePause), func() {
		h.mu.Lock()
		h.waking, h.woken = nil, time.Now().Round(0)
		h.mu.Unlock()
		h.session.Wake()
	})
}

// slept reports whether the machine slept between two ticks: timers stand still then, and the wall clock goes on.
func slept(last, now time.Time) bool {
	return now.Round(0).Sub(last.Round(0)) > time.Second+lateTick
}
