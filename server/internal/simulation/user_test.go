package simulation

import (
	"context"
	"time"
)

// habits say what the users of a history like to do.
type habits struct {
	acts     int     // how many things a user does
	near     float64 // of gaps that end near the end of the grace
	restless float64 // of page requests that are given up
	long     float64 // of gaps that are hours
	tabs     int     // as many tabs at once
	crowd    float64 // of acts that restore a window of many tabs
	forms    float64 // of acts that post a form
	rush     float64 // of acts that open tabs as the client's timer fires
	edge     float64 // of acts that lose a page and open others at the end of its grace
	logins   bool    // logs out, and in again
}

// gaps returns how long the user does nothing.
func (h habits) gap(d *dice) time.Duration {
	switch x := d.float(); {
	case x < h.near:
		return d.between(grace-6*time.Second, grace+time.Second)
	case x < h.near+h.long:
		return d.scaled(time.Minute, 8*time.Hour)
	}
	return d.scaled(100*time.Millisecond, 5*time.Minute)
}

// live has the user of a browser do what the dice say.
func (b *browser) live(h habits) {
	d := b.w.random(b.name + " user")
	time.Sleep(d.between(time.Millisecond, 3*time.Second))
	b.restore(h, d, 1+d.below(h.tabs))
	for range h.acts {
		if len(b.w.broken()) > 0 || b.robbed() {
			return
		}
		b.act(h, d)
		time.Sleep(time.Millisecond) // whatever it set off has begun
	}
}

// robbed reports whether the session was ended because of a thief. The user would log in again: another history.
func (d *device) robbed() bool { return !d.left() && d.w.watch.hasEnded(d.session()) }

// act is one thing that a user does, and the time until the next.
func (b *browser) act(h habits, d *dice) {
	tabs := b.list()
	switch x := d.float(); {
	case x < h.rush:
		b.rush(d)
		return
	case x < h.rush+h.edge:
		b.edge(d)
		return
	case x < h.rush+h.edge+h.crowd:
		b.crowd(h, d)
		return
	case x < h.rush+h.edge+h.crowd+h.forms:
		b.submit(h, d)
		return
	}
	x := d.float()
	switch {
	case x < 0.25 || len(tabs) == 0:
		b.restore(h, d, 1+d.below(h.tabs))
		time.Sleep(d.scaled(50*time.Millisecond, 20*time.Second))
	case x < 0.40:
		b.reload(h, d, tabs[d.below(len(tabs))])
		time.Sleep(d.scaled(50*time.Millisecond, 20*time.Second))
	case x < 0.50:
		b.shut(tabs[d.below(len(tabs))])
		time.Sleep(d.scaled(50*time.Millisecond, 10*time.Second))
	case x < 0.65:
		b.quit()
		time.Sleep(h.gap(d))
		b.restore(h, d, 1+d.below(h.tabs+1))
	case x < 0.80:
		b.sleep()
		time.Sleep(h.gap(d))
		b.wake()
		time.Sleep(d.between(time.Millisecond, time.Second))
	case x < 0.85:
		b.setClock(d.between(-365*24*time.Hour, 365*24*time.Hour))
	case x < 0.88 && h.logins:
		b.again(d)
	default:
		if w := tabs[d.below(len(tabs))].running(); w != nil {
			b.w.running.Go(func() { w.query(context.Background()) })
		}
		time.Sleep(d.scaled(time.Second, 6*time.Minute))
	}
}

// rush opens tabs as the timer of the client fires, and uses the client soon after. (C3 is one of these.)
func (b *browser) rush(d *dice) {
	b.awaitTimer(func(left time.Duration) time.Duration { return left - d.scaled(time.Millisecond, 2*time.Second) })
	for range 2 + d.below(2) {
		b.open(get(b.address(d)), d.between(0, 300*time.Millisecond), 0)
	}
	time.Sleep(d.scaled(time.Second, 8*time.Second))
	b.use()
	b.awaitTimer(func(left time.Duration) time.Duration { return left + time.Second })
}

// edge gives a page up that may have rotated the token, and opens tabs as its grace ends. (C4 is one of these.)
func (b *browser) edge(d *dice) {
	b.quit()
	time.Sleep(d.scaled(time.Second, 10*time.Minute))
	b.shut(b.lose(d))
	time.Sleep(d.between(grace-2*time.Second, grace+time.Second))
	for range 2 {
		b.open(get(b.address(d)), d.between(0, 100*time.Millisecond), 0)
	}
	time.Sleep(d.scaled(500*time.Millisecond, 8*time.Second))
	b.use()
	b.awaitTimer(func(left time.Duration) time.Duration { return left + time.Second })
}

// lose opens a tab and gives it up.
func (b *browser) lose(d *dice) *tab {
	t := b.open(get("/posts"), 0, d.between(10*time.Millisecond, 300*time.Millisecond))
	time.Sleep(d.between(300*time.Millisecond, 400*time.Millisecond))
	return t
}

// use makes a query in a tab whose worker runs.
func (b *browser) use() {
	for _, t := range b.list() {
		if w := t.running(); w != nil {
			b.w.running.Go(func() { w.query(context.Background()) })
			return
		}
	}
}

// awaitTimer sleeps for what change makes of the time until the next refresh of a tab's client.
func (b *browser) awaitTimer(change func(time.Duration) time.Duration) {
	for _, t := range b.list() {
		if w := t.running(); w != nil {
			if next := w.s.State().NextRefresh; !next.IsZero() {
				time.Sleep(max(0, change(time.Until(next))))
			}
			return
		}
	}
}

// again logs the user out and in again. What was sent with the old cookie has had its answer by then: a late cookie of
// an old session after a new login is beyond the bound (package auth).
func (b *browser) again(d *dice) {
	tabs := b.list()
	w := tabs[0].running()
	if w == nil || b.left() {
		return
	}
	for _, t := range tabs[1:] {
		b.shut(t)
	}
	b.leave()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	err := w.s.Logout(ctx)
	cancel()
	b.w.note(b.name, "has logged out: %v", err)
	if err != nil {
		w.s.Forget() // the user closes the browser on it
	}
	time.Sleep(2*grace + d.between(time.Second, time.Hour))
	for range 2 {
		b.open(get(b.address(d)), d.between(0, 300*time.Millisecond), 0) // C6: the login form, and one that may come late
	}
	time.Sleep(d.between(time.Second, 5*time.Second))
	for b.left() && len(b.w.broken()) == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err := w.s.Login(ctx, b.account.email, password)
		cancel()
		b.w.note(b.name, "has logged in: %v", err)
		if err == nil {
			b.arrive()
			return
		}
		time.Sleep(d.between(time.Second, 10*time.Second))
	}
}
