package route_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/route"
)

// lockedBuffer is a log that goroutines write to.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// boundedServer is a server whose connections are bounded. Its handler tells when it begins with /wait, and answers when it
// is told to go on.
type boundedServer struct {
	address     string
	logged      *lockedBuffer
	began, goOn chan struct{}
	idle        chan struct{} // a connection has become so
}

// bounded starts a server that allows so many connections of one address, and in all.
func bounded(t *testing.T, ofOne, all int, proxies ...netip.Prefix) *boundedServer {
	t.Helper()
	s := &boundedServer{logged: &lockedBuffer{}, began: make(chan struct{}), goOn: make(chan struct{}), idle: make(chan struct{}, 1000)}
	log := slog.New(slog.NewTextHandler(s.logged, nil))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s.address = ln.Addr().String()
	srv := route.Server(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			s.began <- struct{}{}
			<-s.goOn
		}
	}), log)
	note := srv.ConnState
	srv.ConnState = func(c net.Conn, state http.ConnState) {
		note(c, state)
		if state == http.StateIdle {
			s.idle <- struct{}{}
		}
	}
	go func() { _ = srv.Serve(route.Listen(route.BoundTo(ofOne, all, proxies, log).Bound(ln))) }()
	t.Cleanup(func() { must(t, srv.Close()) })
	return s
}

// closed reports whether the server has closed the connection, or does so soon.
func (c *peer) closed() bool {
	c.t.Helper()
	_, err := c.from.ReadByte()
	var late net.Error
	if late, _ = err.(net.Error); late != nil && late.Timeout() {
		return false
	}
	return err != nil
}

// answers reports whether the server answers a request on the connection.
func (c *peer) answers() bool {
	c.t.Helper()
	_, _ = fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	status, _ := c.status()
	return status == http.StatusOK
}

// An address that opens more connections than it may loses those that have waited longest; the other addresses lose none.
func TestManyConnectionsOfOneAddress(t *testing.T) {
	t.Parallel()
	s := bounded(t, 20, 40)
	neighbour := from(t, "127.0.0.3", s.address)
	if !neighbour.answers() {
		t.Fatal("no answer")
	}
	var flood []*peer
	for range 200 {
		flood = append(flood, from(t, "127.0.0.2", s.address))
	}
	for i, c := range flood[:180] {
		if !c.closed() {
			t.Fatalf("connection %d of the flood is open", i)
		}
	}
	for i, c := range append(flood[180:], neighbour, from(t, "127.0.0.4", s.address)) {
		if !c.answers() {
			t.Errorf("connection %d gets no answer", i)
		}
	}
	if lines := strings.Count(s.logged.String(), "connections are at their limit"); lines != 1 ||
		!strings.Contains(s.logged.String(), "network=127.0.0.2 of_network=20 limit_of_network=20") {
		t.Errorf("%d lines: %s", lines, s.logged)
	}
}

// A connection that has ended, by either side, makes room for another.
func TestEndedConnectionsAreForgotten(t *testing.T) {
	bounds := route.BoundTo(5, 5, nil, slog.New(slog.DiscardHandler))
	ln := make(pipes)
	b := bounds.Bound(ln)
	for i := range 20 {
		client := make(chan net.Conn)
		go func() { client <- ln.dial() }()
		c, err := b.Accept()
		must(t, err)
		if i%2 == 0 {
			must(t, c.Close())
		}
		must(t, (<-client).Close())
		must(t, c.Close()) // once more does no harm
	}
	if all := route.HeldBy(bounds, ""); all != 0 {
		t.Errorf("%d connections are left", all)
	}
}

// A connection that was used last goes last, and one with a request under way does not go: where there are only such,
// the new connection is closed.
func TestTheLongestIdleConnectionGoesFirst(t *testing.T) {
	t.Parallel()
	s := bounded(t, 3, 10)
	var open [3]*peer
	for i := range open {
		open[i] = from(t, "127.0.0.2", s.address)
		if !open[i].answers() {
			t.Fatal("no answer")
		}
		<-s.idle
	}
	if !open[0].answers() { // once more: now open[1] has been idle for longest
		t.Fatal("no answer")
	}
	<-s.idle
	open[2].get("/wait")
	<-s.began
	fourth := from(t, "127.0.0.2", s.address)
	if !fourth.answers() || !open[1].closed() || !open[0].answers() {
		t.Error("it is not the longest idle that went")
	}
	for _, c := range []*peer{open[0], fourth} {
		c.get("/wait")
		<-s.began
	}
	if refused := from(t, "127.0.0.2", s.address); !refused.closed() {
		t.Error("one more is accepted where all others are in use")
	}
	if !from(t, "127.0.0.3", s.address).answers() {
		t.Error("another address is refused")
	}
	close(s.goOn)
	for i, c := range []*peer{open[0], open[2], fourth} {
		if status, _ := c.status(); status != http.StatusOK {
			t.Errorf("connection %d: its request was cut off", i)
		}
	}
}

// Where all are full, one of the network that holds most goes. A trusted proxy has no limit of its own.
func TestManyConnectionsInAll(t *testing.T) {
	t.Parallel()
	s := bounded(t, 10, 20, netip.MustParsePrefix("127.0.0.9/32"))
	var proxy, crowd, few []*peer
	for range 11 {
		proxy = append(proxy, from(t, "127.0.0.9", s.address))
	}
	for range 2 {
		few = append(few, from(t, "127.0.0.3", s.address))
	}
	for range 7 {
		crowd = append(crowd, from(t, "127.0.0.2", s.address))
	}
	few = append(few, from(t, "127.0.0.4", s.address), from(t, "127.0.0.5", s.address))
	for i, c := range crowd[:2] {
		if !c.closed() {
			t.Errorf("connection %d of the crowd is open", i)
		}
	}
	for i, c := range append(append(few, crowd[2:]...), proxy...) {
		if !c.answers() {
			t.Errorf("connection %d is closed", i)
		}
	}
}

// Connections that wait for a body that does not come, or have a stream of HTTP/2 open, count alike; and those that agree
// on TLS, or do not, before any of HTTP.
func TestBoundedConnectionsOfTLS(t *testing.T) {
	t.Parallel()
	bounds := route.BoundTo(5, 50, nil, slog.New(slog.DiscardHandler))
	address, cfg := securely(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}), bounds.Bound)
	get := func(version int) (*http.Client, error) {
		transport := &http.Transport{TLSClientConfig: cfg.Clone(), ForceAttemptHTTP2: version == 2,
			DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}, Timeout: 20 * time.Second}).DialContext}
		t.Cleanup(transport.CloseIdleConnections)
		client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
		resp, err := client.Get("https://" + address + "/")
		if err == nil {
			must(t, resp.Body.Close())
			if resp.ProtoMajor != version {
				t.Errorf("HTTP/%d", resp.ProtoMajor)
			}
		}
		return client, err
	}
	flood := map[string]func(){
		"nothing sent": func() { from(t, "127.0.0.2", address) },
		"half a handshake": func() {
			_, err := from(t, "127.0.0.2", address).Write([]byte{22, 3, 1})
			must(t, err)
		},
		"in the clear": func() {
			_, err := io.WriteString(from(t, "127.0.0.2", address), "GET /")
			must(t, err)
		},
		"idle": func() {
			c := tls.Client(from(t, "127.0.0.2", address), cfg)
			_ = c.Handshake() // fails where the next one is faster
		},
		"idle, of HTTP/2": func() {
			_, err := get(2)
			must(t, err)
		},
		"a silent body": func() {
			c := tls.Client(from(t, "127.0.0.2", address), cfg)
			_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n")
			must(t, err)
		},
	}
	for name, open := range flood {
		for range 12 {
			open()
		}
		for version := 1; version <= 2; version++ {
			if _, err := get(version); err != nil {
				t.Errorf("%s: then HTTP/%d fails: %v", name, version, err)
			}
		}
		eventually(t, "at most as many as may be", func() bool { return route.HeldBy(bounds, "127.0.0.2") <= 5 })
	}
}
