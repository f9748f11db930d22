package token

import "sync"

// notices tells observers of states: in order, one at a time, and from a goroutine of its own that lives while
// there is something to tell, so that an observer may call whatever it likes, Close too.
type notices[S any] struct {
	// mu guards what follows. It is not held while an observer runs.
	mu        sync.Mutex
	observers []*observer[S]
	queue     []notice[S]
	telling   bool
}

type observer[S any] struct {
	tell    func(S)
	stopped bool // guarded by notices.mu
}

type notice[S any] struct {
	state S
	to    []*observer[S]
}

// add registers tell for the states that are published from now on.
func (n *notices[S]) add(tell func(S)) (stop func()) {
	o := &observer[S]{tell: tell}
	n.mu.Lock()
	defer n.mu.Unlock()
	// Always a new array: notices in the queue share the old one.
	n.observers = append(n.observers[:len(n.observers):len(n.observers)], o)
	return func() { n.remove(o) }
}

func (n *notices[S]) remove(o *observer[S]) {
	n.mu.Lock()
	defer n.mu.Unlock()
	o.stopped = true
	kept := make([]*observer[S], 0, len(n.observers))
	for _, other := range n.observers {
		if other != o {
			kept = append(kept, other)
		}
	}
	n.observers = kept
}

// publish queues s and returns. The order of calls is the order of telling.
func (n *notices[S]) publish(s S) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.observers) == 0 {
		return
	}
	n.queue = append(n.queue, notice[S]{s, n.observers})
	if !n.telling {
		n.telling = true
		go n.run()
	}
}

// silence forgets the observers and what they have not been told.
func (n *notices[S]) silence() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = nil
	for _, o := range n.observers {
		o.stopped = true
	}
	n.observers = nil
}

func (n *notices[S]) run() {
	for {
		n.mu.Lock()
		if len(n.queue) == 0 {
			n.telling = false
			n.mu.Unlock()
			return
		}
		next := n.queue[0]
		n.queue = n.queue[1:]
		n.mu.Unlock()
		for _, o := range next.to {
			if n.live(o) {
				o.tell(next.state)
			}
		}
	}
}

func (n *notices[S]) live(o *observer[S]) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !o.stopped
}
