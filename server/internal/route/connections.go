package route

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/inflight"
)

// Connections bounds how many connections are open, of one network and in all, on every listener that it bounds. Where a
// limit is reached it closes the connection that has waited longest for its client: that network's, or where all are
// full one of the network that holds most. Where none waits, it closes the new connection.
//
// A connection waits from when it is accepted until its first request is read, between requests, and while a body or a
// long answer does not move.
type Connections struct {
	ledger     *inflight.Ledger
	ofOne, all int
	proxies    []netip.Prefix
	advice     string // to operators, where a limit is reached
	log        *slog.Logger

	mu              sync.Mutex // guards all below
	told            time.Time  // when the log was last told
	closed, refused int        // since then
}

// leastOfOne is how many connections a network may have at least: browsers of a large office, or one load balancer.
const leastOfOne = 256

// NewConnections allows so many connections in all. One network may have an eighth of them, 256 at least. The connections
// of proxies carry all visitors, so only the limit of all counts them. The log says when a limit is reached, once a minute
// at most, with the advice.
func NewConnections(all int, proxies []netip.Prefix, advice string, log *slog.Logger) *Connections {
	ofOne := min(all, max(leastOfOne, all/8))
	return &Connections{
		ledger: inflight.New(inflight.Limits{Requests: ofOne, AllRequests: all}),
		ofOne:  ofOne, all: all, proxies: proxies, advice: advice, log: log,
	}
}

// Bound returns ln with its connections bounded. They have to be closed, or they count for good.
func (c *Connections) Bound(ln net.Listener) net.Listener { return &boundListener{ln, c} }

type boundListener struct {
	net.Listener
	bounds *Connections
}

func (l *boundListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if bounded := l.bounds.admit(c); bounded != nil {
			return bounded, nil
		}
		_ = c.Close() // an error of closing changes nothing for the client
	}
}

// admit returns the connection with its place among the others, or nil where there is none.
func (c *Connections) admit(conn net.Conn) *connection {
	network := c.networkOf(conn.RemoteAddr())
	charge, ok := c.ledger.Admit(network)
	if !ok {
		c.tell(network, false)
		return nil
	}
	bounded := &connection{Conn: conn, charge: charge, bounds: c, network: network}
	bounded.await()
	return bounded
}

// networkOf returns "" of a trusted proxy, and of what is no address.
func (c *Connections) networkOf(a net.Addr) string {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return ""
	}
	ip := at.Addr().Unmap().WithZone("")
	if among(c.proxies, ip) {
		return ""
	}
	return auth.Network(ip.String())
}

// tellEvery is how often the log says that connections are full: strangers fill them as often as they like.
const tellEvery = time.Minute

// tell counts a connection of the network that was closed for another, or refused, and logs the counts when that is due.
func (c *Connections) tell(network string, gaveWay bool) {
	if closed, refused, due := c.count(gaveWay, time.Now()); due {
		ofNetwork, _ := c.ledger.Held(network)
		inAll, _ := c.ledger.Held("")
		c.log.Warn("connections are at their limit", "advice", c.advice, "closed_waiting", closed, "refused", refused,
			"network", network, "of_network", ofNetwork, "limit_of_network", c.ofOne, "in_all", inAll, "limit", c.all)
	}
}

// count returns how many connections were closed and refused since the last line of the log, where the next is due.
func (c *Connections) count(gaveWay bool, now time.Time) (closed, refused int, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if gaveWay {
		c.closed++
	} else {
		c.refused++
	}
	if !c.told.IsZero() && now.Sub(c.told) < tellEvery {
		return 0, 0, false
	}
	closed, refused = c.closed, c.refused
	c.told, c.closed, c.refused = now, 0, 0
	return closed, refused, true
}

// connection is one with a place among those of its network.
type connection struct {
	net.Conn
	charge  *inflight.Charge
	bounds  *Connections
	network string
}

// await says that the connection waits for its client: from now on it may be closed for another.
func (c *connection) await()  { c.charge.Await(c.giveWay) }
func (c *connection) resume() { c.charge.Resume() }

func (c *connection) giveWay() {
	_ = c.Conn.Close() // its server finds out when it reads or writes
	c.bounds.tell(c.network, true)
}

// Close closes the connection and makes room for another.
func (c *connection) Close() error {
	defer c.charge.Release()
	return c.Conn.Close()
}

// CloseWrite ends the sending half.
func (c *connection) CloseWrite() error { return closeWrite(c.Conn) }

// connectionOf returns the bounded connection that brought the request, or nil.
func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	return below(c)
}

// below returns the bounded connection below c, or nil.
func below(c net.Conn) *connection {
	for {
		switch at := c.(type) {
		case *connection:
			return at
		case *guardedConn:
			c = at.Conn
		case *peekedConn:
			c = at.Conn
		case *tls.Conn:
			c = at.NetConn()
		default:
			return nil
		}
	}
}
