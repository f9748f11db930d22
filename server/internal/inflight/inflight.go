// Package inflight bounds what is under way at once: for one network, for the wider networks around it, and in all. It
// counts requests and the bytes of memory that they hold, or connections.
//
// Memory is charged when it is taken, never when it is announced: a client that announces a large body and sends
// nothing takes nothing from the other clients of its network. A request that waits for its client gives way: where a
// limit is reached, the one that has waited longest ends, and the new one takes its place.
//
//	Admit ──▶ Charge ──Add, Add, …──▶ Release
//	  │        │    ▲  └ refused: memory is used up, and no request waits
//	  │      Await Resume
//	  │        ▼    │
//	  │       waiting ──▶ yields to another
//	  └ refused: too many, and none waits
//
// Call [New] once and [Ledger.Admit] for every request. [NewContext] hands the charge to the layers that take memory.
package inflight

import (
	"cmp"
	"errors"
	"sync"
	"time"
)

// ErrUsedUp says that a request cannot go on: the memory of its network is used up, or it gave way to another request.
// Answer it with RATE_LIMITED.
var ErrUsedUp = errors.New("too much is under way from this network")

// Refusal is what a client is told whose request is refused here.
const Refusal = "Too many requests at once from where you are. Please try again in a moment."

// Limits are what may be under way at once. Of a network of IPv6 (/64), the /56 around it may have twice as much, and
// the /48 four times. A zero field is its default.
type Limits struct {
	Requests    int // of one network; default 1,024
	Bytes       int // of memory, of one network; default 16 MiB
	AllRequests int // default 16 times Requests
	AllBytes    int // default 16 times Bytes

	// Patience is how long a request has to wait for its client before it may have to give way: one that moves is not cut
	// off for one that comes. Zero: not at all.
	Patience time.Duration
}

// The defaults of [Limits]: far more than the browsers behind one address use.
const (
	defaultRequests = 1024
	defaultBytes    = 16 << 20
	defaultNetworks = 16 // with all that they may have, together
)

// Ledger keeps the account of every network with a request under way. Its methods may be called concurrently.
type Ledger struct {
	mu       sync.Mutex // guards all below, and the fields of every account and Charge
	limits   Limits
	accounts map[string]*account // without all
	all      *account
}

// New returns a ledger without any request under way.
func New(l Limits) *Ledger {
	l.Requests = cmp.Or(l.Requests, defaultRequests)
	l.Bytes = cmp.Or(l.Bytes, defaultBytes)
	l.AllRequests = cmp.Or(l.AllRequests, l.Requests*defaultNetworks)
	l.AllBytes = cmp.Or(l.AllBytes, l.Bytes*defaultNetworks)
	return &Ledger{limits: l, accounts: map[string]*account{},
		all: &account{requestLimit: l.AllRequests, byteLimit: l.AllBytes}}
}

// Admit adds a request to the account of its network, an address of IPv4 or a prefix of IPv6. The empty network is
// bounded by the limits of all alone. Admit returns false where a limit is reached and no request may give way: refuse
// the request with RATE_LIMITED. The caller releases the charge when the request has ended.
func (l *Ledger) Admit(network string) (*Charge, bool) {
	l.mu.Lock()
	own := l.accountOf(network)
	yields, ok := l.makeRoom(own, nil, 1, 0)
	var c *Charge
	if ok {
		c = &Charge{ledger: l, account: own}
		for a := own; a != nil; a = a.wider {
			a.requests++
			if a != l.all {
				l.accounts[a.name] = a // a request that yielded may have been its last
			}
		}
	}
	l.forget(own)
	l.mu.Unlock()
	for _, yield := range yields {
		yield()
	}
	return c, ok
}

// Held returns how many requests the network has under way, and the bytes that they hold; for the empty network, of all.
func (l *Ledger) Held(network string) (requests, bytes int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.all
	if network != "" {
		a = l.accounts[network]
	}
	if a == nil {
		return 0, 0
	}
	return a.requests, a.bytes
}
