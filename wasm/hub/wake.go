package hub

import "time"

// lateTick is how late the clock's tick may be before the machine is taken to have slept. A busy one is not so late.
const lateTick = 5 * time.Second

// Wake says that the page has come to be seen again, or that the network is back. What was due meanwhile is done now,
// and what waits to be tried again is tried soon. It is a bare fact, and pages that flood it are heard once in five
// seconds.
func (p *Page) Wake() {
	p.put(func(in *inbox) { in.woke = true })
}

// slept reports whether the machine slept between two ticks: timers stand still then, and the wall clock goes on.
func slept(last, now time.Time) bool {
	return now.Round(0).Sub(last.Round(0)) > time.Second+lateTick
}
