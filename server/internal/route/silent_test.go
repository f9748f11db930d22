package route_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/server/internal/route"
	"example.com/latchkey/server/internal/servertest"
)

// peer is a connection from one of the loopback addresses.
type peer struct {
	net.Conn
	from *bufio.Reader
	t    *testing.T
}

// from connects to the address from the other.
func from(t *testing.T, local, address string) *peer {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)}}
	conn, err := dialer.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return &peer{conn, bufio.NewReader(conn), t}
}

// post sends the head of a request with a body of so many bytes and, when the server waits for the body, so many of them.
func (c *peer) post(length, sent int) *peer {
	c.t.Helper()
	_, err := fmt.Fprintf(c, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", length)
	must(c.t, err)
	if line, err := c.from.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		c.t.Fatalf("the server does not wait for the body: %q, %v", line, err)
	}
	_, err = c.from.ReadString('\n')
	must(c.t, err)
	_, err = io.WriteString(c, strings.Repeat(" ", sent))
	must(c.t, err)
	return c
}

func (c *peer) get(path string) *peer {
	c.t.Helper()
	_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
	must(c.t, err)
	return c
}

// status returns the status of the answer, and its body; 0 where the connection ends without one.
func (c *peer) status() (status int, body string) {
	c.t.Helper()
	resp, err := http.ReadResponse(c.from, nil)
	if err != nil {
		var late net.Error
		if errors.As(err, &late) && late.Timeout() {
			c.t.Error("no answer comes")
		}
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(c.t, err)
	return resp.StatusCode, string(text)
}

// Clients that announce large bodies and send nothing keep no other request of their address from being answered.
func TestSilentBodiesOfOneAddress(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	address := s.URL[strings.LastIndex(s.URL, "/")+1:]
	address = "127.0.0.1" + address[strings.LastIndex(address, ":"):]
	for range 40 {
		from(t, "127.0.0.2", address).post(1<<20, 0)
	}
	for _, path := range []string{"/healthz", "/readyz", "/login"} {
		if status, body := from(t, "127.0.0.2", address).get(path).status(); status != http.StatusOK {
			t.Errorf("%s is answered with %d %s", path, status, body)
		}
	}
	whole := from(t, "127.0.0.2", address).post(1<<20, 1<<20-len(typename))
	_, err := io.WriteString(whole, typename)
	must(t, err)
	if status, body := whole.status(); status != http.StatusOK {
		t.Errorf("a body of 1 MiB is answered with %d %s", status, body)
	}
}

const typename = `{"query":"{ __typename }"}`

// reading starts a server whose handler reads bodies as the API does, behind the limits, and returns its address.
func reading(t *testing.T, l *inflight.Ledger) (address string, began chan struct{}) {
	t.Helper()
	began = make(chan struct{}, 100)
	h := route.NotAllAtOnce(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		if r.URL.Path == "/long" {
			_, _ = w.Write(make([]byte, 64<<20))
			return
		}
		if _, err := io.ReadAll(r.Body); errors.Is(err, inflight.ErrUsedUp) {
			graph.Refuse(w, http.StatusTooManyRequests, &auth.Error{Code: auth.CodeRateLimited})
		}
	}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	srv := route.Server(h, slog.New(slog.DiscardHandler))
	go func() { _ = srv.Serve(route.Listen(ln)) }()
	t.Cleanup(func() { must(t, srv.Close()) })
	return ln.Addr().String(), began
}

// Where an address has as many requests under way as it may, the one gives way that has waited longest for its client.
func TestTheLongestWaitingRequestGivesWay(t *testing.T) {
	t.Parallel()
	address, _ := reading(t, inflight.New(inflight.Limits{Requests: 3}))
	waiting := make([]*peer, 3)
	for i := range waiting {
		waiting[i] = from(t, "127.0.0.2", address).post(100, 0)
	}
	for i := range waiting {
		if status, body := from(t, "127.0.0.2", address).get("/").status(); status != http.StatusOK {
			t.Errorf("request %d: %d %s", i, status, body)
		}
		if status, _ := waiting[i].status(); status != http.StatusTooManyRequests {
			t.Errorf("the silent body %d is answered with %d", i, status)
		}
		from(t, "127.0.0.2", address).post(100, 0) // takes the place of the request that was answered
	}
}

// An answer that its client does not take gives way too.
func TestALongAnswerGivesWay(t *testing.T) {
	t.Parallel()
	address, began := reading(t, inflight.New(inflight.Limits{Requests: 1}))
	deaf := from(t, "127.0.0.2", address).get("/long")
	<-began
	eventually(t, "answered", func() bool {
		status, _ := from(t, "127.0.0.2", address).get("/").status()
		return status == http.StatusOK
	})
	if n, _ := io.Copy(io.Discard, deaf.from); n > 60<<20 {
		t.Errorf("the answer went on, to %d bytes", n)
	}
}

// Memory is charged as it comes. Where it is used up, the request gives way that has waited longest; where none waits
// any more, the next is refused.
func TestMemoryOfOneAddress(t *testing.T) {
	t.Parallel()
	ledger := inflight.New(inflight.Limits{Bytes: 70 << 10})
	address, _ := reading(t, ledger)
	first := from(t, "127.0.0.2", address).post(1<<20, 20<<10)
	eventually(t, "charged", func() bool {
		_, bytes := ledger.Held("127.0.0.2")
		return bytes > 32<<10 // with its headers
	})
	if status, _ := from(t, "127.0.0.3", address).post(60<<10, 60<<10).status(); status != http.StatusOK {
		t.Errorf("another address: %d", status)
	}
	if status, _ := from(t, "127.0.0.2", address).post(30<<10, 30<<10).status(); status != http.StatusOK {
		t.Errorf("beside one of 20 KiB: %d", status)
	}
	if status, _ := from(t, "127.0.0.2", address).post(40<<10, 40<<10).status(); status != http.StatusOK {
		t.Errorf("one that needs the room of another: %d", status)
	}
	if status, body := first.status(); status != http.StatusTooManyRequests || !strings.Contains(body, `"RATE_LIMITED"`) {
		t.Errorf("the one that waited longest: %d %s", status, body)
	}
	if status, _ := from(t, "127.0.0.2", address).post(80<<10, 80<<10).status(); status != http.StatusTooManyRequests {
		t.Errorf("one larger than all that there is: %d", status)
	}
}
