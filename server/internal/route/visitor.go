package route

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"example.com/latchkey/server/internal/graph"
)

// fromVisitor replaces the address of a trusted proxy with the visitor's, so that every limit behind it is the visitor's
// own. X-Forwarded-For is believed of these proxies alone, because every client can send it.
func fromVisitor(proxies []netip.Prefix, log *slog.Logger, next http.Handler) http.Handler {
	others := &unbelieved{log: log}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := netip.ParseAddr(graph.Address(r)); err == nil {
			peer = peer.Unmap().WithZone("")
			if among(proxies, peer) {
				r.RemoteAddr = forwarded(peer, proxies, r.Header.Values("X-Forwarded-For")).String()
			} else {
				others.notice(peer, r)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func among(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// forwarded returns who sent a request that came from peer. Each proxy adds whom it had the request from at the end of
// the lines, so they are believed from there for as long as a proxy of ours says it. Whoever it says is none of ours is
// the visitor; what stands before is the visitor's own invention.
func forwarded(peer netip.Addr, proxies []netip.Prefix, lines []string) netip.Addr {
	visitor := peer.Unmap().WithZone("")
	for _, line := range slices.Backward(lines) {
		for line != "" {
			if !among(proxies, visitor) {
				return visitor
			}
			last := line
			if i := strings.LastIndexByte(line, ','); i >= 0 {
				line, last = line[:i], line[i+1:]
			} else {
				line = ""
			}
			said, ok := hop(strings.TrimSpace(last))
			if !ok {
				return visitor
			}
			visitor = said
		}
	}
	return visitor
}

// hop reads an address, which some proxies give with its port.
func hop(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		var ap netip.AddrPort
		ap, err = netip.ParseAddrPort(text)
		a = ap.Addr()
	}
	if err != nil {
		a, err = netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	}
	return a.Unmap().WithZone(""), err == nil
}
