package inflight

import (
	"context"
	"time"
)

// Charge is what one request holds. A nil Charge has no bounds: a request without a network, as of a test or of the
// process itself, has none. Its methods may be called concurrently.
type Charge struct {
	ledger  *Ledger
	account *account // of its network; nil once released, or ended for another
	bytes   int

	yield  func()       // not nil while it waits
	waits  time.Time    // since when
	places [depth]place // in the queues of its accounts, from its network's outwards
}

// depth is how many accounts one request is in, at most: of its /64, the /56 and /48 around it, and all.
const depth = 4

// Add charges so many more bytes of memory to the request. It returns false, and charges nothing, where the network's
// memory is used up, or the request has yielded or is released: stop the work and refuse the request with RATE_LIMITED.
// A negative number returns memory that the request no longer holds.
func (c *Charge) Add(bytes int) bool {
	if c == nil {
		return true
	}
	l := c.ledger
	l.mu.Lock()
	var (
		yields []func()
		ok     = c.account != nil
	)
	bytes = max(bytes, -c.bytes)
	if ok && bytes > 0 {
		yields, ok = l.makeRoom(c.account, c, 0, bytes)
	}
	if ok {
		c.bytes += bytes
		for a := c.account; a != nil; a = a.wider {
			a.bytes += bytes
		}
	}
	l.mu.Unlock()
	for _, yield := range yields {
		yield()
	}
	return ok
}

// Await says that the request waits for its client from now on, so that it may have to end for another: then yield is
// called, once, from another goroutine, and must not block. A request that waits already begins to wait anew.
func (c *Charge) Await(yield func()) {
	if c == nil {
		return
	}
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	c.unqueue()
	if c.account == nil {
		return
	}
	c.yield, c.waits = yield, time.Now()
	for a, i := c.account, 0; a != nil; a, i = a.wider, i+1 {
		c.places[i].charge = c
		a.waiting.push(&c.places[i])
	}
}

// Resume says that the request waits no longer. It returns false where it has ended for another.
func (c *Charge) Resume() bool {
	if c == nil {
		return true
	}
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	c.unqueue()
	return c.account != nil
}

// Release returns everything that the request holds. A second call does nothing.
func (c *Charge) Release() {
	if c == nil {
		return
	}
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	c.leave()
}

// leave takes the request out of all accounts.
func (c *Charge) leave() {
	c.unqueue()
	own := c.account
	if own == nil {
		return
	}
	c.account = nil
	for a := own; a != nil; a = a.wider {
		a.requests--
		a.bytes -= c.bytes
	}
	c.ledger.forget(own)
}

func (c *Charge) unqueue() {
	if c.yield == nil {
		return
	}
	c.yield = nil
	for a, i := c.account, 0; a != nil; a, i = a.wider, i+1 {
		a.waiting.remove(&c.places[i])
	}
}

type contextKey struct{}

// NewContext returns ctx with the charge of its request.
func NewContext(ctx context.Context, c *Charge) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// FromContext returns the charge of the request that ctx belongs to, or nil.
func FromContext(ctx context.Context) *Charge {
	c, _ := ctx.Value(contextKey{}).(*Charge)
	return c
}
