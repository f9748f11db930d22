package auth

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

const (
	// mostHashes bounds the memory of hashes that run at once: 19 MiB each, beside the garbage of the last ones.
	mostHashes = 8

	// mostWaiting is what one processor hashes in about two seconds. A page waits for longestWait: other processes may
	// share the processor.
	mostWaiting = 100
	longestWait = 4 * time.Second

	// mostKnown is how many requests of known browsers wait beside those of strangers.
	mostKnown = 50
)

// sender says who waits for a turn.
type sender struct {
	ip      string
	account string // the account that the browser is known to; "": a stranger
}

// turns lets a few things run at once, and a bounded queue wait for that. Known browsers have a queue of their own,
// which gets every second turn: however many strangers wait, they wait for each other alone.
type turns struct {
	patience time.Duration // the longest wait

	mu        sync.Mutex // guards what follows
	free      int        // how many more may run
	strangers *queue
	known     *queue
	lastKnown bool // the last turn was a known browser's
}

// newHashTurns returns the turns of password hashing. One processor is left to everything else: a hash keeps one busy
// for as long as hundreds of other requests do.
func newHashTurns() *turns {
	return newTurns(min(max(1, runtime.GOMAXPROCS(0)-1), mostHashes), mostWaiting, mostKnown, longestWait)
}

func newTurns(running, strangers, known int, patience time.Duration) *turns {
	return &turns{patience: patience, free: running, strangers: newQueue(strangers), known: newQueue(known)}
}

// errNoTurn says that too many requests waited for their turn, or that one waited for too long.
var errNoTurn = fmt.Errorf("%w: too many requests wait", ErrUnavailable)

// take waits for a turn and returns what ends it. It fails with errNoTurn, or with ctx's error where that ends first.
func (t *turns) take(ctx context.Context, from sender) (done func(), err error) {
	w := t.enter(from)
	tooLong := time.NewTimer(t.patience)
	defer tooLong.Stop()
	select {
	case <-w.turn:
	case <-tooLong.C:
		err = errNoTurn
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil && t.leave(w) {
		return nil, err
	}
	if !w.served { // turn is closed
		return nil, errNoTurn
	}
	return t.done, nil
}

// enter lets a sender run or wait.
func (t *turns) enter(from sender) *waiter {
	w := &waiter{turn: make(chan struct{})}
	q, groups := t.strangers, groupsOf(from.ip)
	if from.account != "" {
		// One account gets one turn of a round, from however many networks it asks.
		q, groups = t.known, append(groups, groupKey{name: from.account, turns: 1})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if lost := q.enter(w, groups); lost != nil {
		close(lost.turn)
	}
	t.serve()
	return w
}

// leave takes a waiter out of its queue, and reports whether it was in one.
func (t *turns) leave(w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.strangers.leave(w) || t.known.leave(w)
}

func (t *turns) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free++
	t.serve()
}

// serve gives the free turns to those that wait. It is called with mu held.
func (t *turns) serve() {
	for t.free > 0 {
		w := t.next()
		if w == nil {
			return
		}
		t.free--
		w.served = true
		close(w.turn)
	}
}

// next takes the waiter whose turn it is out of its queue; nil: none waits. It is called with mu held.
func (t *turns) next() *waiter {
	first, second := t.known, t.strangers
	if t.lastKnown {
		first, second = second, first
	}
	w := first.next()
	if w == nil {
		first = second
		w = second.next()
	}
	t.lastKnown = first == t.known
	return w
}
