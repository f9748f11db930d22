package hub

import (
	"sync"
	"time"
)

// pause is how long nobody is heard who says the same again.
const pause = 5 * time.Second

// pace does something at once where it was not done within the last pause, and else once at its end: however often it
// is asked for, no more comes of it.
type pace struct {
	do func() // is called from a goroutine of its own

	mu    sync.Mutex  // guards what follows
	due   *time.Timer // runs while it is to be done
	done  time.Time   // when it was done last, by the wall clock, which runs while the machine sleeps
	ended bool
}

// soon has it done. It does not wait.
func (p *pace) soon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.due != nil || p.ended {
		return // it will be done, or never again
	}
	since := time.Now().Round(0).Sub(p.done)
	p.due = time.AfterFunc(min(max(0, pause-since), pause), func() {
		p.mu.Lock()
		p.due, p.done = nil, time.Now().Round(0)
		p.mu.Unlock()
		p.do()
	})
}

// end has it done no more.
func (p *pace) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	if p.due != nil {
		p.due.Stop()
	}
}
