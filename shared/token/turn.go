package token

import "context"

// Replace runs fetch, which obtains a token by other means (a login), while no other fetch is under way: it aborts
// the one that is, waits until that has stopped, and keeps the next from starting. The token it returns takes the
// place of whatever there was. On an error, which Replace returns, everything stays as it was.
//
// fetch's context also ends with Close; it must return soon after. It must not call the keeper's own waiting methods.
func (k *Keeper[H]) Replace(ctx context.Context, fetch func(context.Context) (Token[H], error)) error {
	return k.alone(ctx, func(ctx context.Context) (apply func(), err error) {
		t, err := fetch(ctx)
		if err == nil && t.Lifetime <= 0 {
			err = errNoLife
		}
		return func() {
			k.become(Empty)
			k.hold(t)
		}, err
	})
}

// Drop runs end, which gives the token back to its issuer (a logout), with nothing else under way, as Replace does.
// The keeper is then Refused for the reason given, with nothing Lost. On an error, which Drop returns, everything
// stays as it was.
func (k *Keeper[H]) Drop(ctx context.Context, end func(context.Context) error, reason error) error {
	return k.alone(ctx, func(ctx context.Context) (apply func(), err error) {
		return func() { k.refuse(reason, false) }, end(ctx)
	})
}

// alone runs do while it has the turn, and then, where do succeeded, apply with mu held.
func (k *Keeper[H]) alone(ctx context.Context, do func(context.Context) (apply func(), err error)) (err error) {
	since, err := k.takeTurn(ctx)
	if err != nil {
		return err
	}
	var apply func()
	defer func() { err = k.endTurn(since, apply, err) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(k.life, cancel)()
	effect, err := do(ctx)
	if err == nil {
		apply = effect
	}
	return err
}

// takeTurn waits for whoever has the turn, takes it, and stops the flight. It returns the count of Forgets so far.
func (k *Keeper[H]) takeTurn(ctx context.Context) (since int, err error) {
	k.mu.Lock()
	for k.turn != nil && !k.closed && ctx.Err() == nil {
		wait := k.turn
		k.mu.Unlock()
		await(ctx, wait)
		k.mu.Lock()
	}
	if k.closed {
		k.mu.Unlock()
		return 0, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		k.mu.Unlock()
		return 0, gaveUp(err, nil)
	}
	k.turn = make(chan struct{})
	k.disarm()
	k.flight.abort()
	flight, since := k.flight, k.forgotten
	k.mu.Unlock()

	if flight != nil {
		await(ctx, flight.done)
		if err := ctx.Err(); err != nil {
			return 0, k.endTurn(since, nil, gaveUp(err, nil))
		}
	}
	return since, nil
}

// endTurn applies what the turn has brought, unless it was forgotten meanwhile, and lets the others go on.
func (k *Keeper[H]) endTurn(since int, apply func(), err error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	turn := k.turn
	k.turn = nil
	close(turn)
	switch {
	case k.closed:
		if err != nil {
			err = ErrClosed
		}
	case apply != nil && k.forgotten == since:
		apply()
		k.publish()
	case k.held != nil:
		k.arm()
	}
	return err
}
