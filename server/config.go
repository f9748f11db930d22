package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// database holds the flags that name the database, for every command.
type database struct {
	DB     string        `name:"db" default:"latchkey.db" placeholder:"FILE|URL" help:"The database: a file for SQLite, a postgres:// URL for PostgreSQL, with any number of servers on it."`
	DBWait time.Duration `name:"db-wait" default:"30s" help:"How long to wait at the start for a PostgreSQL that is still starting; 0: not at all."`
}

// check returns a *usageError for the first bad value.
func (d *database) check() error {
	if d.DB == "" {
		return usagef("--db is empty: name a file, or a postgres:// URL")
	}
	return wholeSeconds("db-wait", d.DBWait, true)
}

// config holds the flags of `latchkey serve` (contract §1).
type config struct {
	database
	transport
	masterKey
	Addr                 string        `default:"localhost:8080" placeholder:"HOST:PORT" help:"Where to listen."`
	Origin               string        `placeholder:"URL" help:"The public origin: cookies, cross-site checks, JWT issuer (default: http://localhost:<port>; with --tls-cert https, with --tls-domain that host)."`
	AccessTTL            time.Duration `name:"access-ttl" default:"5m" help:"Life of an access token."`
	Grace                time.Duration `default:"30s" help:"How long a superseded refresh token stays good."`
	Recovery             time.Duration `default:"24h" help:"How long after it was superseded a refresh token can be recovered, where nothing later was seen in use; 0: never."`
	IdleTTL              time.Duration `name:"idle-ttl" default:"720h" help:"A session not refreshed for this long ends."`
	MaxTTL               time.Duration `name:"max-ttl" default:"8760h" help:"A session ends at this age; 0: never."`
	Demo                 bool          `help:"Create the demo account, with posts."`
	LoginAttempts        int           `name:"login-attempts" default:"10" help:"Failed logins per account in 15 minutes before RATE_LIMITED, of browsers that never logged in to it; 0: no limit."`
	LoginAttemptsAddress int           `name:"login-attempts-address" default:"200" help:"Failed logins per address (IPv6: /64) in 15 minutes before RATE_LIMITED; 0: no limit."`
	Logins               int           `default:"100" help:"Logins of an account in an hour, with the right password, before RATE_LIMITED; 0: no limit."`
	KeyMaxAge            time.Duration `name:"key-max-age" default:"2160h" help:"Replace a signing key that has signed for this long; 0: never."`
	SignUps              int           `name:"sign-ups" default:"100" help:"Sign-ups per address in an hour before RATE_LIMITED; 0: no limit."`
	Posts                int           `default:"1000" help:"Posts of an account in an hour before RATE_LIMITED; 0: no limit."`
	PostsKept            int           `name:"posts-kept" default:"10000" help:"Posts that an account can have; 0: no limit."`
	BreachedFile         string        `name:"breached-passwords" placeholder:"FILE" help:"Refuse new passwords that are in this file of breached ones: SHA-1 hashes in order, as Have I Been Pwned's downloader writes them."`
	Proxies              []string      `name:"trusted-proxies" placeholder:"CIDR,..." help:"The networks of the proxies in front. The server believes their X-Forwarded-For."`
	Connections          int           `default:"0" help:"Connections open at once, an eighth of them (at least 256) of one address (default: by the limit of open files, 8192 at most)."`
	Dev                  bool          `help:"Answer introspection queries, for developers of the API."`
	AdminAddr            string        `name:"admin-addr" placeholder:"HOST:PORT" help:"A second listener for /metrics and /debug/pprof/. It has no authentication: bind it to a private address."`
	AuditKeep            time.Duration `name:"audit-keep" default:"9600h" help:"How long the audit record keeps its entries."`
	Verbose              bool          `help:"Log every request."`
}

// usageError says what is wrong with a flag's value.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// check returns a *usageError for the first bad value.
func (c *config) check() error {
	if err := c.database.check(); err != nil {
		return err
	}
	for _, d := range []struct {
		flag    string
		value   time.Duration
		zeroToo bool
	}{
		{"access-ttl", c.AccessTTL, false}, {"grace", c.Grace, false}, {"recovery", c.Recovery, true},
		{"idle-ttl", c.IdleTTL, false}, {"max-ttl", c.MaxTTL, true}, {"audit-keep", c.AuditKeep, false},
		{"key-max-age", c.KeyMaxAge, true},
	} {
		if err := wholeSeconds(d.flag, d.value, d.zeroToo); err != nil {
			return err
		}
	}
	if c.IdleTTL <= c.Grace {
		return usagef("--idle-ttl=%s must be longer than --grace=%s", c.IdleTTL, c.Grace)
	}
	for _, n := range []struct {
		flag  string
		value int
	}{
		{"login-attempts", c.LoginAttempts}, {"login-attempts-address", c.LoginAttemptsAddress}, {"logins", c.Logins}, {"sign-ups", c.SignUps}, {"posts", c.Posts}, {"posts-kept", c.PostsKept},
	} {
		if n.value < 0 {
			return usagef("--%s=%d: give 0 for no limit, or a number above it", n.flag, n.value)
		}
	}
	if _, err := connectionLimit(c.Connections, openFiles()); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return usagef("--addr=%q: give host:port, as localhost:8080 or :8080", c.Addr)
	}
	if _, _, err := net.SplitHostPort(c.AdminAddr); c.AdminAddr != "" && err != nil {
		return usagef("--admin-addr=%q: give host:port, as localhost:9090", c.AdminAddr)
	}
	if _, err := c.proxies(); err != nil {
		return err
	}
	if err := c.checkOrigin(); err != nil {
		return err
	}
	if err := c.masterKey.check(); err != nil {
		return err
	}
	return c.transport.check(c.Origin)
}

// proxies returns the networks of --trusted-proxies. An address is a network of its own.
func (c *config) proxies() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range c.Proxies {
		network, err := netip.ParsePrefix(text)
		if a, addrErr := netip.ParseAddr(text); addrErr == nil && a.Zone() == "" {
			network, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || network.Addr().Is4In6() {
			return nil, usagef("--trusted-proxies=%q: give networks or addresses, as 10.0.0.0/8,2001:db8::1", text)
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

// wholeSeconds returns a *usageError unless the duration is whole seconds, at least 1s, or 0 where zeroToo allows it.
func wholeSeconds(flag string, value time.Duration, zeroToo bool) error {
	if value == 0 && zeroToo || value >= time.Second && value%time.Second == 0 {
		return nil
	}
	return usagef("--%s=%s: give whole seconds, at least 1s, as 90s, 5m or 720h", flag, value)
}

func (c *config) checkOrigin() error {
	if c.Origin == "" {
		return nil
	}
	u, err := url.Parse(c.Origin)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Scheme+"://"+u.Host != c.Origin {
		return usagef("--origin=%q: give scheme and host without a path, as https://app.example", c.Origin)
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return usagef("--origin=%q: browsers keep the Secure cookie over plain http for localhost only; use https", c.Origin)
	}
	return nil
}

// loopback reports whether browsers trust plain http to the host (W3C Secure Contexts §3.1).
func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// origin returns the public origin of a server that listens on the address.
func (c *config) origin(listening net.Addr) string {
	if c.Origin != "" {
		return c.Origin
	}
	scheme, usual := "http", "80"
	if c.secure() {
		scheme, usual = "https", "443"
	}
	_, port, err := net.SplitHostPort(listening.String())
	if err != nil || port == usual {
		return scheme + "://" + c.host()
	}
	return scheme + "://" + c.host() + ":" + port
}
