package route

import (
	"log/slog"
	"net/http"
	"net/netip"

	"example.com/latchkey/server/internal/inflight"
)

// What the tests see of the inside.
var (
	Forwarded   = forwarded
	FromVisitor = fromVisitor
	Ready       = ready
)

// NotAllAtOnce bounds what is under way as the handler of everything does.
func NotAllAtOnce(l inflight.Limits, next http.Handler) http.Handler {
	return notAllAtOnce(inflight.New(l), next)
}

// BoundTo is Connections with these limits, of one network and of all.
func BoundTo(ofOne, all int, proxies []netip.Prefix, log *slog.Logger) *Connections {
	c := NewConnections(all, proxies, "nothing to do", log)
	c.ofOne, c.ledger = ofOne, inflight.New(inflight.Limits{Requests: ofOne, AllRequests: all})
	return c
}

// HeldBy returns how many connections a network has open, and how many are in all.
func HeldBy(c *Connections, network string) (own, all int) { return c.ledger.Held(network) }
