package simulation

import (
	"fmt"
	"time"
)

// address returns the address of the tab that is opened next: the one that most tabs have, or one of its own.
func (b *browser) address(d *dice) string {
	if d.chance(0.5) {
		return "/posts"
	}
	return fmt.Sprintf("/posts?tab=%d", b.opened+1)
}

// restore opens so many tabs at once.
func (b *browser) restore(h habits, d *dice, n int) {
	for range n {
		b.open(get(b.address(d)), d.between(0, 300*time.Millisecond), h.patience(d))
	}
}

// patience returns how long the user waits for a page; 0: as long as it takes.
func (h habits) patience(d *dice) time.Duration {
	if d.chance(h.restless) {
		return d.scaled(10*time.Millisecond, 20*time.Second)
	}
	return 0
}

// reload asks for the page of a tab again.
func (b *browser) reload(h habits, d *dice, t *tab) {
	b.shut(t)
	b.open(get(t.address), d.between(0, 300*time.Millisecond), h.patience(d))
}

// crowd starts the browser with a window of up to twenty tabs: all on one address, each on its own, or in between. The
// user looks at some of them while they load, and closes most in the end. (C7 is one of these.)
func (b *browser) crowd(h habits, d *dice) {
	b.quit()
	time.Sleep(h.gap(d))
	n := 6 + d.below(15)
	addresses := 1
	if d.chance(0.4) {
		addresses = 1 + d.below(n)
	}
	for range n {
		address := "/posts"
		if i := d.below(addresses); i > 0 {
			address = fmt.Sprintf("/posts?window=%d", i)
		}
		b.open(get(address), d.between(0, 300*time.Millisecond), h.patience(d))
	}
	time.Sleep(d.scaled(time.Second, 30*time.Second))
	for range d.below(4) {
		tabs := b.list()
		switch t := tabs[d.below(len(tabs))]; {
		case d.chance(0.3):
			b.submit(h, d)
		case d.chance(0.5):
			b.reload(h, d, t)
		default:
			b.use()
		}
		time.Sleep(d.scaled(100*time.Millisecond, 20*time.Second))
	}
	time.Sleep(d.scaled(time.Second, 4*time.Minute))
	for _, t := range b.list() {
		if d.chance(0.8) {
			b.shut(t)
			time.Sleep(d.scaled(10*time.Millisecond, time.Second))
		}
	}
}

// submit posts a form from one of the tabs, as a page does that no client drives yet, or none ever.
func (b *browser) submit(h habits, d *dice) {
	if tabs := b.list(); len(tabs) > 0 && !b.left() {
		b.shut(tabs[d.below(len(tabs))])
		b.open(publish(b.account), d.between(0, 300*time.Millisecond), h.patience(d))
	}
}
