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
	cancel context.CancelFunc

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
	k.flight = &flight{done: make(chan struct{}), cancel: cancel}
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
		t, err := k.fetchOnce(ctx)
		wait, over := k.arrival(f, t, err, try)
		if over {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done(): // the next try fails with that, and is the last
		}
	}
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

// arrival does what the outcome of a try asks for. It reports how long to wait before the next one, or that the
// flight is over.
func (k *Keeper[H]) arrival(f *flight, t Token[H], err error, try int) (wait time.Duration, over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var no *refusal
	switch {
	case f.aborted:
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
		k.refuse(no.err, k.held != nil)
		k.publish()
	default:
		var d *delay
		if errors.As(err, &d) {
			err = d.err
			wait = d.after
		}
		wait = backoff(try, wait, k.random())
		k.fault, k.retry = err, time.Now().Round(0).Add(wait)
		k.publish()
		return wait, false
	}
	f.over = true
	k.flight = nil
	close(f.done)
	return 0, true
}
