package store

import (
	"crypto/tls"
	"net/netip"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// unprotected returns the hosts of cfg whose connections an attacker on the network could read or divert: those without
// TLS, or with TLS that verifies no certificate. Connections within the machine are no network's. libpq's own default is
// of this kind (sslmode=prefer), so that a URL without a word on TLS must not pass in silence (OWASP ASVS 12.3.1).
func unprotected(cfg *pgconn.Config) (hosts []string) {
	open := map[string]bool{}
	note := func(host string, c *tls.Config) {
		if !local(host) && !verifies(c) && !open[host] {
			open[host] = true
			hosts = append(hosts, host)
		}
	}
	note(cfg.Host, cfg.TLSConfig)
	for _, other := range cfg.Fallbacks {
		note(other.Host, other.TLSConfig)
	}
	return hosts
}

// local reports whether the host is a socket's folder or an address of this machine.
func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" || err == nil && a.IsLoopback()
}

// verifies reports whether c verifies the server's certificate: by the name of its host, or by its authority alone.
func verifies(c *tls.Config) bool {
	return c != nil && (!c.InsecureSkipVerify || c.VerifyPeerCertificate != nil)
}
