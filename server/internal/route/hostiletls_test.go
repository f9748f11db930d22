package route_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/server/internal/route"
)

// certified returns a configuration of TLS with a certificate of its own, for a server and for its clients.
func certified(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "localhost"}
}

// countingListener counts the bytes that are read of all its connections.
type countingListener struct {
	net.Listener
	read atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{c, &l.read}, nil
}

type countingConn struct {
	net.Conn
	read *atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// securely starts a server with TLS on a listener that bound makes of another, and returns its address.
func securely(t *testing.T, h http.Handler, bound func(net.Listener) net.Listener) (address string, client *tls.Config) {
	t.Helper()
	server, client := certified(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	srv := route.Server(h, slog.New(slog.DiscardHandler))
	go func() {
		_ = srv.Serve(route.ListenTLS(bound(ln), server, "https://localhost", slog.New(slog.DiscardHandler)))
	}()
	t.Cleanup(func() { must(t, srv.Close()) })
	return ln.Addr().String(), client
}

// A connection in the clear on the port of TLS can make the server read, and so hold, no more than the headers of any
// request may take, and a quarter of a MiB of a body that it does not keep.
func TestCleartextOnTheTLSPortIsBounded(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, head, more string }{
		{"a request line without end", "GET /", "x"},
		{"a header without end", "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "x"},
		{"headers without end", "GET / HTTP/1.1\r\nHost: localhost\r\n", "X: y\r\n"},
		{"a method without end", "", "A"},
		{"a body", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n", "x"},
		{"a body in chunks", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
		{"a chunk's extension without end", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"},
		{"a pipeline", "", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x00\x00\x00\x04\x00\x00\x00\x00\x00"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			counting := &countingListener{}
			address, _ := securely(t, http.NotFoundHandler(), func(ln net.Listener) net.Listener {
				counting.Listener = ln
				return counting
			})
			conn, err := net.Dial("tcp", address)
			must(t, err)
			defer conn.Close()
			must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
			flood := row.head + strings.Repeat(row.more, 64<<10/len(row.more))
			for range 512 { // 32 MiB, unless the server closes before
				if _, err = io.WriteString(conn, flood); err != nil {
					break
				}
				flood = flood[len(row.head):]
				row.head = ""
			}
			if read := counting.read.Load(); err == nil || read > 2<<20 {
				t.Errorf("the server read %d bytes, and closed: %v", read, err)
			}
		})
	}
}

// One answer, with the headers of every answer, and the connection ends: the next request comes by TLS.
func TestCleartextOnTheTLSPortIsAnswered(t *testing.T) {
	t.Parallel()
	address, _ := securely(t, http.NotFoundHandler(), func(ln net.Listener) net.Listener { return ln })
	for _, row := range []struct {
		send     string
		status   int
		location string
	}{
		{"GET /posts?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", http.StatusPermanentRedirect, "https://localhost/posts?x=1"},
		{"GET /posts HTTP/1.0\r\n\r\n", http.StatusPermanentRedirect, "https://localhost/posts"},
		{"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nxxxxx", http.StatusForbidden, ""},
		{"GET /graphql HTTP/1.1\r\nHost: localhost\r\n\r\n", http.StatusForbidden, ""},
		{"GET /% HTTP/1.1\r\nHost: localhost\r\n\r\n", http.StatusBadRequest, ""},
		{"\x80\x2e\x01", 0, ""}, // a hello of SSL 2
	} {
		conn, err := net.Dial("tcp", address)
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = io.WriteString(conn, row.send)
		must(t, err)
		if row.status == 0 {
			must(t, conn.Close())
			continue
		}
		from := bufio.NewReader(conn)
		resp, err := http.ReadResponse(from, nil)
		must(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		must(t, err)
		if resp.StatusCode != row.status || resp.Header.Get("Location") != row.location || !resp.Close {
			t.Errorf("%.40q: %s to %q, closed: %v", row.send, resp.Status, resp.Header.Get("Location"), resp.Close)
		}
		wantPolicy(t, resp.Header, otherPolicy, "")
		if _, err := from.ReadByte(); err != io.EOF {
			t.Errorf("%.40q: the connection goes on: %v", row.send, err)
		}
		must(t, conn.Close())
	}
}
