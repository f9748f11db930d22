// Package inflight bounds what the requests under way of one network may hold: their number, and their bytes of memory.
// Memory is charged when it is taken, never when it is announced: a client that announces a large body and sends
// nothing takes nothing from the other clients of its network.
//
//	Admit ──▶ Charge ──Add, Add, …──▶ Release
//	  │                 │
//	  └ refused: too    └ refused: the network's
//	    many requests     memory is used up
//
// Call [New] once and [Ledger.Admit] for every request. [NewContext] hands the charge to the layers that take memory.
package inflight

import (
	"context"
	"sync"
)

// Limits are what the requests under way of one network may hold together. A zero field is its default.
type Limits struct {
	Requests int // default 1,024
	Bytes    int // default 16 MiB
}

// The defaults of [Limits]: far more than the browsers behind one address use.
const (
	defaultRequests = 1024
	defaultBytes    = 16 << 20
)

// Ledger keeps the account of every network with a request under way. Its methods may be called concurrently.
type Ledger struct {
	limits Limits

	mu       sync.Mutex // guards accounts, and the fields of every account and Charge
	accounts map[string]*account
}

// account is what the requests under way of one network hold.
type account struct{ requests, bytes int }

// New returns a ledger without any request under way.
func New(l Limits) *Ledger {
	if l.Requests == 0 {
		l.Requests = defaultRequests
	}
	if l.Bytes == 0 {
		l.Bytes = defaultBytes
	}
	return &Ledger{limits: l, accounts: map[string]*account{}}
}

// Admit adds a request to the network's account. It returns false where the network has as many under way as it may:
// refuse the request with RATE_LIMITED. The caller releases the charge when the request has ended.
func (l *Ledger) Admit(network string) (*Charge, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[network]
	if a == nil {
		a = &account{}
		l.accounts[network] = a
	}
	if a.requests >= l.limits.Requests {
		return nil, false
	}
	a.requests++
	return &Charge{ledger: l, network: network, account: a}, true
}

// Charge is what one request holds. A nil Charge has no bounds: a request that came by no network, as of a test or of
// the process itself, has none. Its methods may be called concurrently.
type Charge struct {
	ledger  *Ledger
	network string

	account *account // nil once released
	bytes   int
}

// Add charges so many more bytes of memory to the request. It returns false, and charges nothing, where the network's
// memory is used up or the request is released: stop the work and refuse the request with RATE_LIMITED. A negative
// number returns memory that the request no longer holds.
func (c *Charge) Add(bytes int) bool {
	if c == nil {
		return true
	}
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	if c.account == nil {
		return false
	}
	bytes = max(bytes, -c.bytes)
	if bytes > 0 && c.account.bytes+bytes > c.ledger.limits.Bytes {
		return false
	}
	c.bytes += bytes
	c.account.bytes += bytes
	return true
}

// Release returns everything that the request holds. A second call does nothing.
func (c *Charge) Release() {
	if c == nil {
		return
	}
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	a := c.account
	if a == nil {
		return
	}
	c.account = nil
	a.requests--
	a.bytes -= c.bytes
	if a.requests == 0 {
		delete(c.ledger.accounts, c.network)
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
