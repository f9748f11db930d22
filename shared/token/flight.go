package token

import (
	"context"
	"errors"
	"time"
)

var errNoLife = errors.New("token: fetched a token without a lifetime")

// flight is a fetch under way, with all its tries.
type flight struct {
	done   chan struct{} // closed at its end
	woken  chan struct{} // holds one at most: Wake was called
	cancel context.CancelFunc
	began  time.Time // its last fetch; for others to read once it is over

	// Guarded by Keeper.mu.
	aborted bool  // whatever it still brings is thrown away
	over    bool  // it has ended
	refused error // it ended with the issuer's no
}

// abort is safe on a nil flight and when called again. The flight has stopped once done is closed.
func (f *flight) abort() {
	if f != nil {
		f.aborted = true
		f.cancel()
	}
}

// wake has a pause that is under way, or else the next one, cut short.
func (f *flight) wake() {
	select {
	case f.woken <- struct{}{}:
	default: // it is to be already
	}
}

// board returns what someone who needs a token has to wait for: the end of the Replace or Drop under way (and no
// flight), or else that of the flight, which takes off where there is none. Called with mu held.
func (k *Keeper[H]) board() (<-chan struct{}, *flight) {
	if k.turn != nil {
		return k.turn, nil
	}
	if k.flight == nil {
		k.takeOff()
	}
	return k.flight.done, k.flight
}

// takeOff is called with mu held, and without a flight or a turn under way.
func (k *Keeper[H]) takeOff() {
	ctx, cancel := context.WithCancel(k.life)
	k.flight = &flight{done: make(chan struct{}), woken: make(chan struct{}, 1), cancel: cancel}
	k.disarm()
	go k.fly(ctx, k.flight)
}

// renew is what the timer of h does.
func (k *Keeper[H]) renew(h *held[H]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed && k.held == h && k.turn == nil && k.flight == nil {
		k.takeOff()
	}
}

// fly fetches until the issuer has spoken or the flight is aborted.
func (k *Keeper[H]) fly(ctx context.Context, f *flight) {
	defer f.cancel()
	for try := 0; ; try++ {
		f.began = time.Now()
		t, err := k.fetchOnce(ctx)
		p, over := k.arrival(f, t, err, try)
		if over {
			return
		}
		if k.rest(ctx, f, p) {
			try = -1 // the backoff begins anew
		}
	}
}

// pause is the time between two tries.
type pause struct {
	began time.Time
	after time.Duration // which the issuer has asked for
	wait  time.Duration // that, and the backoff
}

// rest waits until the pause is over, and reports whether it was cut short: what the issuer has asked for is waited
// for all the same, and then a random part of the first backoff, for many may be woken by one event. It is cut short
// once, so that tries do not follow each other without a pause however often Wake is called.
func (k *Keeper[H]) rest(ctx context.Context, f *flight, p pause) (short bool) {
	select {
	case <-time.After(p.wait):
		return false
	case <-ctx.Done(): // the next try fails with that, and is the last
		return false
	case <-f.woken:
	}
	select {
	case <-time.After(k.shorten(p)):
	case <-ctx.Done():
	}
	return true
}

// shorten returns what a pause that is cut short has left.
func (k *Keeper[H]) shorten(p pause) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	left := remaining(p.after, now.Round(0).Sub(p.began.Round(0)), now.Sub(p.began))
	wait := backoff(0, left, k.random())
	k.retry = now.Round(0).Add(wait)
	return wait
}

func (k *Keeper[H]) fetchOnce(ctx context.Context) (Token[H], error) {
	if err := ctx.Err(); err != nil {
		return Token[H]{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	t, err := k.fetch(ctx)
	switch {
	case err == nil && ctx.Err() != nil:
		err = ctx.Err() // given up already: what comes now is thrown away
	case err == nil && t.Lifetime <= 0:
		err = errNoLife
	}
	return t, err
}

// arrival does what the outcome of a try asks for. It returns the pause before the next one, or that the flight is
// over.
func (k *Keeper[H]) arrival(f *flight, t Token[H], err error, try int) (p pause, over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var no *refusal
	switch {
	case f.aborted:
		k.fault, k.retry = nil, time.Time{} // of a try that nobody makes again
		if k.held != nil && k.turn == nil {
			k.arm() // whoever aborted it did not wait until now
		}
	case err == nil:
		if k.held != nil {
			k.refreshes++
		}
		k.hold(t)
		k.publish()
	case errors.As(err, &no):
		f.refused = no.err
		k.refuse(no.err, k.held != nil || k.lost)
		k.publish()
	default:
		var d *delay
		if errors.As(err, &d) {
			err = d.err
			p.after = min(max(0, d.after), maxRetryAfter)
		}
		p.began, p.wait = time.Now(), backoff(try, p.after, k.random())
		k.fault, k.retry = err, p.began.Round(0).Add(p.wait)
		k.publish()
		return p, false
	}
	f.over = true
	k.flight = nil
	close(f.done)
	return pause{}, true
}
