package inflight

import (
	"net/netip"
	"time"
)

// account is what the requests under way of one network hold, those of the networks within it included.
type account struct {
	name                    string
	wider                   *account // the account of the network around it; of all, nil
	requestLimit, byteLimit int
	requests, bytes         int
	waiting                 queue
}

// accountOf returns the account of the network. Where the network is new, it is not in any wider account until a request
// is added: call forget where none is.
func (l *Ledger) accountOf(network string) *account {
	if network == "" {
		return l.all
	}
	if a := l.accounts[network]; a != nil {
		return a
	}
	around, factor := widen(network)
	wider := l.all
	if around != "" {
		wider = l.accountOf(around)
	}
	a := &account{name: network, wider: wider, requestLimit: l.limits.Requests * factor, byteLimit: l.limits.Bytes * factor}
	l.accounts[network] = a
	return a
}

// forget drops the accounts that hold nothing, from a outwards.
func (l *Ledger) forget(a *account) {
	for ; a != l.all && a.requests == 0; a = a.wider {
		delete(l.accounts, a.name)
	}
}

// widen returns the network around this one, "" where there is none, and how many times the limits of one network this
// one has.
func widen(network string) (around string, factor int) {
	p, err := netip.ParsePrefix(network)
	if err != nil || !p.Addr().Is6() {
		return "", 1
	}
	bits := 0
	switch p.Bits() {
	case 64:
		bits, factor = 56, 1
	case 56:
		bits, factor = 48, 2
	case 48:
		return "", 4
	default:
		return "", 1
	}
	return netip.PrefixFrom(p.Addr(), bits).Masked().String(), factor
}

// makeRoom ends waiting requests until so many more requests and bytes fit into every account from own outwards, and
// returns what tells them. It returns false where that cannot be done. The request of, where there is one, is not ended.
// Where the memory of all is used up and no request waits, each network still has its share of it: a few networks that
// hold everything cannot keep the others from being answered.
func (l *Ledger) makeRoom(own *account, of *Charge, requests, bytes int) (yields []func(), ok bool) {
	for a := own; a != nil; a = a.wider {
		for a.requests+requests > a.requestLimit || a.bytes+bytes > a.byteLimit {
			victim := l.victim(a, own, of, requests == 0)
			if victim == nil && a == l.all && requests == 0 && own.outermost().bytes+bytes <= a.byteLimit/max(len(l.accounts), 1) {
				break
			}
			if victim == nil {
				return yields, false
			}
			yields = append(yields, victim.yield)
			victim.leave()
		}
	}
	return yields, true
}

// victim returns the request that ends so that a, which is full, has room for a request of own: the one that has waited
// longest. Where all together are full it is one of the outermost network that holds most and has one waiting; nil where
// that holds less than own's. Where memory is what is short, only requests that hold some count.
func (l *Ledger) victim(a, own *account, of *Charge, memory bool) *Charge {
	since := time.Now().Add(-l.limits.Patience)
	if a != l.all {
		return a.longest(of, memory, since)
	}
	var (
		most  *account
		first *Charge
	)
	for _, b := range l.accounts {
		if b.wider == l.all && (most == nil || b.holds(memory) > most.holds(memory)) {
			if c := b.longest(of, memory, since); c != nil {
				most, first = b, c
			}
		}
	}
	if first == nil {
		return l.all.longest(of, memory, since) // of requests without a network
	}
	if own != l.all && own.outermost().holds(memory) > most.holds(memory) {
		return nil
	}
	return first
}

// outermost returns the account of the widest network around a, short of all.
func (a *account) outermost() *account {
	for a.wider != nil && a.wider.wider != nil {
		a = a.wider
	}
	return a
}

func (a *account) holds(memory bool) int {
	if memory {
		return a.bytes
	}
	return a.requests
}

// longest returns the request that has waited longest, but for one; nil where none has waited since then.
func (a *account) longest(but *Charge, memory bool, since time.Time) *Charge {
	for at := a.waiting.first; at != nil && !at.charge.waits.After(since); at = at.next {
		if at.charge != but && (!memory || at.charge.bytes > 0) {
			return at.charge
		}
	}
	return nil
}

// queue holds the requests that wait, the one that has waited longest first. The zero value is empty.
type queue struct{ first, last *place }

// place is a request's in one queue.
type place struct {
	prev, next *place
	charge     *Charge
}

func (q *queue) push(p *place) {
	p.prev, p.next = q.last, nil
	if q.last == nil {
		q.first = p
	} else {
		q.last.next = p
	}
	q.last = p
}

func (q *queue) remove(p *place) {
	if p.prev == nil {
		q.first = p.next
	} else {
		p.prev.next = p.next
	}
	if p.next == nil {
		q.last = p.prev
	} else {
		p.next.prev = p.prev
	}
	p.prev, p.next = nil, nil
}
