package route

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"example.com/latchkey/server/internal/inflight"
)

// What the tests see of the inside.
var (
	Forwarded = forwarded
	Ready     = ready
)

// HastyServer is a Server with so many times less patience.
func HastyServer(h http.Handler, log *slog.Logger, haste int) *http.Server {
	p := patience
	for _, d := range []*time.Duration{&p.pause, &p.body, &p.taking, &p.answer} {
		*d /= time.Duration(haste)
	}
	srv := serverAt(p, h, log)
	for _, d := range []*time.Duration{&srv.ReadHeaderTimeout, &srv.WriteTimeout, &srv.IdleTimeout} {
		*d /= time.Duration(haste)
	}
	return srv
}

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
