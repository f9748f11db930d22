package route

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"example.com/latchkey/server/internal/auth"
)

// unbelieved warns of a peer that names another client in X-Forwarded-For or Forwarded, and is no trusted proxy. All
// visitors behind a proxy that is not in --trusted-proxies share the proxy's address, and its limits.
type unbelieved struct {
	log  *slog.Logger
	done atomic.Bool // nothing is left to tell

	mu   sync.Mutex // guards told
	told map[string]bool
}

// mostTold is how many networks the log names, once each: headers of strangers cannot fill it. Half of them are kept for
// private addresses, which proxies have and strangers on the internet do not.
const mostTold = 4

// notice looks at a request of a peer that is no trusted proxy.
func (u *unbelieved) notice(peer netip.Addr, r *http.Request) {
	if u.done.Load() || len(r.Header["X-Forwarded-For"]) == 0 && len(r.Header["Forwarded"]) == 0 {
		return
	}
	private := peer.IsPrivate() || peer.IsLoopback() || peer.IsLinkLocalUnicast()
	network := auth.Network(peer.String())
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.told[network] || !private && len(u.told) >= mostTold/2 || len(u.told) >= mostTold {
		return
	}
	if u.told == nil {
		u.told = map[string]bool{}
	}
	u.told[network] = true
	u.done.Store(len(u.told) == mostTold)
	u.log.WarnContext(r.Context(), "a peer that is not in --trusted-proxies sends X-Forwarded-For or Forwarded, which is not believed. "+
		"Where it is a proxy of yours, name it in --trusted-proxies: all its visitors share one address and its limits", "peer", peer.String())
}
