package route

import (
	"log/slog"
	"net/netip"

	"example.com/latchkey/server/internal/inflight"
)

// What the tests see of the inside.
var (
	Forwarded   = forwarded
	FromVisitor = fromVisitor
	Ready       = ready
	// NotAllAtOnce bounds what is under way as the handler of everything does.
	NotAllAtOnce = notAllAtOnce
)

// BoundTo is Connections with these limits, of one network and of all.
func BoundTo(ofOne, all int, proxies []netip.Prefix, log *slog.Logger) *Connections {
	c := NewConnections(all, proxies, "nothing to do", log)
	c.ofOne, c.ledger = ofOne, inflight.New(inflight.Limits{Requests: ofOne, AllRequests: all})
	return c
}

// HeldBy returns how many connections a network has open; of "", how many are in all.
func HeldBy(c *Connections, network string) int {
	n, _ := c.ledger.Held(network)
	return n
}
