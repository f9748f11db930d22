package auth

import (
	"net/netip"
	"slices"
)

// queue orders what waits for a turn, so that no group of senders keeps the others waiting. It serves in rounds: a round
// takes one waiter of an address, two of a /56 of IPv6, and four of a /48 or of a /24 of IPv4. A waiter that is the first
// of its address is in the next round, however many wait at other addresses. The queue is bounded: where it is full, the
// group that waits most gives up its newest waiter.
//
// It decides and nothing else: turns (turns.go) does the waiting and the locking.
type queue struct {
	most    int       // waiters at once
	waiting []*waiter // in the order of arrival
	groups  map[groupKey]*group
}

// waiter is one request in a queue.
type waiter struct {
	groups []*group
	called bool          // the round that is served has it
	turn   chan struct{} // closed once the waiter has left the queue: served, or given up
	served bool          // set before turn is closed
}

// group is senders that are counted together.
type group struct {
	key     groupKey
	waiting int
	calls   int // waiters that the round may still take, while the round is made up
}

// groupKey names a group: a network of addresses, or an account that known browsers log in to.
type groupKey struct {
	network netip.Prefix
	name    string
	turns   int // waiters that one round takes
}

// mostTurns is the most turns that any group has in a round. The turns of every group divide it.
const mostTurns = 4

// groupsOf returns the groups of a sender, the narrowest first. RFC 6177 and RIPE-690 have providers delegate a /56 or
// /48 to a customer, so an attacker of one connection can send from 65,536 networks of 64 bits.
func groupsOf(ip string) []groupKey {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return []groupKey{{name: ip, turns: 1}}
	}
	a = a.Unmap().WithZone("")
	levels := []groupKey{{turns: 1}, {turns: 2}, {turns: mostTurns}}
	bits := []int{64, 56, 48}
	if a.Is4() {
		levels, bits = []groupKey{{turns: 1}, {turns: mostTurns}}, []int{32, 24}
	}
	for i := range levels {
		levels[i].network = netip.PrefixFrom(a, bits[i]).Masked()
	}
	return levels
}

func newQueue(most int) *queue { return &queue{most: most, groups: map[groupKey]*group{}} }

// enter adds a waiter of the groups. Where the queue is then too long it returns the waiter that has lost its place,
// which may be the new one.
func (q *queue) enter(w *waiter, keys []groupKey) (lost *waiter) {
	for _, key := range keys {
		g := q.groups[key]
		if g == nil {
			g = &group{key: key}
			q.groups[key] = g
		}
		g.waiting++
		w.groups = append(w.groups, g)
	}
	q.waiting = append(q.waiting, w)
	if len(q.waiting) <= q.most {
		return nil
	}
	lost = q.heaviest()
	q.leave(lost)
	return lost
}

// heaviest returns the newest waiter of the group that has most waiters for each of its turns.
func (q *queue) heaviest() *waiter {
	var found *waiter
	most := 0
	for _, w := range q.waiting {
		if weight := w.weight(); weight >= most {
			found, most = w, weight
		}
	}
	return found
}

// weight is how many wait for each turn of the waiter's most crowded group.
func (w *waiter) weight() int {
	weight := 0
	for _, g := range w.groups {
		weight = max(weight, g.waiting*(mostTurns/g.key.turns))
	}
	return weight
}

// next takes the waiter whose turn it is out of the queue; nil: none waits.
func (q *queue) next() *waiter {
	called := func(w *waiter) bool { return w.called }
	i := slices.IndexFunc(q.waiting, called)
	if i < 0 {
		q.call()
		i = slices.IndexFunc(q.waiting, called)
	}
	if i < 0 {
		return nil
	}
	w := q.waiting[i]
	q.leave(w)
	return w
}

// call makes up a round: those who have waited longest, as far as their groups have turns left. A waiter that comes
// later waits for the next round, or the senders who come anew could hold up those who wait for their second turn.
func (q *queue) call() {
	for _, g := range q.groups {
		g.calls = g.key.turns
	}
	for _, w := range q.waiting {
		if slices.ContainsFunc(w.groups, func(g *group) bool { return g.calls == 0 }) {
			continue
		}
		w.called = true
		for _, g := range w.groups {
			g.calls--
		}
	}
}

// leave takes a waiter out of the queue, and reports whether it was in it.
func (q *queue) leave(w *waiter) bool {
	i := slices.Index(q.waiting, w)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	for _, g := range w.groups {
		if g.waiting--; g.waiting == 0 {
			delete(q.groups, g.key)
		}
	}
	return true
}
