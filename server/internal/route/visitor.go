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

// forwarded returns the address of the visitor whose request came from peer. Each proxy appends the address that it got
// the request from. So the lines are read from the end, for as long as the address is a trusted proxy's. The first other
// address is the visitor's. The addresses before it may be the visitor's own invention.
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
