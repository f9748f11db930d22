package auth

import (
	"context"
	"runtime"
	"sync"
	"time"
)

const (
	// mostHashes bounds the memory of those that run at once: 19 MiB each, beside what the last ones left as garbage.
	mostHashes = 8

	// mostWaiting is what one processor does in about two seconds, and longestWait what a page waits for; it is reached
	// where the processor is shared.
	mostWaiting = 100
	longestWait = 4 * time.Second

	// mostOfOne leaves the others the greater part of the queue where one network floods it.
	mostOfOne = 50
)

// turns lets a few password hashes run at once, and a short queue wait for that. One processor is left to everything
// else: a hash keeps one busy for as long as hundreds of other requests do.
type turns struct {
	running chan struct{} // has an element for each that runs

	mu     sync.Mutex     // guards what follows
	queued int            // those that run or wait
	of     map[string]int // by network
}

func newTurns() *turns {
	n := min(max(1, runtime.GOMAXPROCS(0)-1), mostHashes)
	return &turns{running: make(chan struct{}, n), of: map[string]int{}}
}

// take waits for a turn and returns what ends it. It fails with RATE_LIMITED where too many wait, of all or of the
// network, or the wait is too long, and with ctx's error where that ends first.
func (t *turns) take(ctx context.Context, network string) (done func(), err error) {
	busy := rateLimited(time.Second, "Too many people are logging in at this moment. Please try again in a few seconds.")
	if !t.enter(network) {
		return nil, busy
	}
	tooLong := time.NewTimer(longestWait)
	defer tooLong.Stop()
	select {
	case t.running <- struct{}{}:
		return func() {
			<-t.running
			t.leave(network)
		}, nil
	case <-tooLong.C:
		t.leave(network)
		return nil, busy
	case <-ctx.Done():
		t.leave(network)
		return nil, ctx.Err()
	}
}

func (t *turns) enter(network string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queued >= mostWaiting || t.of[network] >= mostOfOne {
		return false
	}
	t.queued++
	t.of[network]++
	return true
}

func (t *turns) leave(network string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queued--
	if t.of[network]--; t.of[network] == 0 {
		delete(t.of, network)
	}
}
