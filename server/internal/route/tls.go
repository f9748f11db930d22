package route

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// handshakeLimit is how long a peer may take to agree on TLS.
const handshakeLimit = 10 * time.Second

// ListenTLS returns ln with TLS by cfg, and every connection guarded for [Server] as by [Listen]. It speaks HTTP/2 where
// the peer can, whose answers net/http always makes itself in full. The protocols that cfg names come behind those of
// HTTP. Connections in the clear get the answers of [Insecure] for origin, by a server with the limits of [Server].
//
// net/http would do the handshake itself, were the connections it is given TLS's own: but then nothing could be put
// between it and them.
func ListenTLS(ln net.Listener, cfg *tls.Config, origin string, log *slog.Logger) net.Listener {
	cfg = cfg.Clone()
	cfg.NextProtos = append([]string{"h2", "http/1.1"}, cfg.NextProtos...)
	l := &tlsListener{Listener: ln, config: cfg, secure: newHandedOver(ln.Addr()), clear: newHandedOver(ln.Addr())}
	go l.acceptAll()
	l.insecure = Server(Insecure(origin, nil), log)
	l.insecure.SetKeepAlivesEnabled(false)        // the next request comes by TLS
	go func() { _ = l.insecure.Serve(l.clear) }() // until Close
	return l
}

type tlsListener struct {
	net.Listener
	config        *tls.Config
	secure, clear *handedOver // connections after their handshake, and those without TLS
	insecure      *http.Server
}

// Accept returns the next connection that has agreed on TLS.
func (l *tlsListener) Accept() (net.Conn, error) { return l.secure.Accept() }

// Close stops listening. Handshakes that are under way come to nothing.
func (l *tlsListener) Close() error {
	l.secure.end(net.ErrClosed)
	return errors.Join(l.Listener.Close(), l.insecure.Close())
}

// acceptAll has every connection shake hands beside the others, so that a slow one delays none of them.
func (l *tlsListener) acceptAll() {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			go l.begin(c)
			continue
		}
		if temporary, ok := err.(interface{ Temporary() bool }); !ok || !temporary.Temporary() {
			l.secure.end(err)
			return
		}
		// As net/http does where the process has no more file descriptors.
		wait.Reset(time.Second)
		select {
		case <-wait.C:
		case <-l.secure.ended:
			return
		}
	}
}

// begin looks at the first byte, which tells TLS from HTTP in the clear, and goes on accordingly.
func (l *tlsListener) begin(c net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeLimit)
	defer cancel()
	deadline, _ := ctx.Deadline()
	if err := c.SetReadDeadline(deadline); err != nil {
		_ = c.Close() // the peer has gone, or will notice
		return
	}
	peeked := &peekedConn{Conn: c}
	const handshakeRecord = 22 // RFC 8446 §5.1
	first, err := peeked.peek()
	if err != nil {
		_ = c.Close()
		return
	}
	if first != handshakeRecord {
		l.clear.handOver(&guardedConn{Conn: peeked, headers: rawHeaders})
		return
	}
	secure := tls.Server(peeked, l.config)
	if secure.HandshakeContext(ctx) != nil || c.SetReadDeadline(time.Time{}) != nil {
		_ = c.Close() // TLS has told the peer why
		return
	}
	var accepted net.Conn = secure
	if secure.ConnectionState().NegotiatedProtocol != "h2" {
		accepted = &guardedConn{Conn: secure, headers: secureHeaders}
	}
	l.secure.handOver(accepted)
}

// handedOver is a listener whose connections another has accepted.
type handedOver struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	ended chan struct{}
	err   error // why no more come; set before ended is closed
}

func newHandedOver(addr net.Addr) *handedOver {
	return &handedOver{addr: addr, conns: make(chan net.Conn), ended: make(chan struct{})}
}

// handOver waits until the connection is accepted, and closes it where no more are.
func (h *handedOver) handOver(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.ended:
		_ = c.Close() // the peer has gone, or will notice
	}
}

func (h *handedOver) end(err error) {
	h.once.Do(func() {
		h.err = err
		close(h.ended)
	})
}

func (h *handedOver) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.ended:
		return nil, h.err
	}
}

func (h *handedOver) Close() error {
	h.end(net.ErrClosed)
	return nil
}

func (h *handedOver) Addr() net.Addr { return h.addr }

// peekedConn is a connection whose first byte has been looked at. It keeps no buffer, for it lives as long as its user.
type peekedConn struct {
	net.Conn
	first  [1]byte
	unread bool
}

// peek waits for the first byte, and leaves it to be read.
func (c *peekedConn) peek() (byte, error) {
	_, err := io.ReadFull(c.Conn, c.first[:])
	c.unread = err == nil
	return c.first[0], err
}

func (c *peekedConn) Read(p []byte) (int, error) {
	if c.unread && len(p) > 0 {
		c.unread = false
		return copy(p, c.first[:]), nil
	}
	return c.Conn.Read(p)
}

// CloseWrite ends the sending half.
func (c *peekedConn) CloseWrite() error { return closeWrite(c.Conn) }

// strictly is for two years, for the host and all below it (RFC 6797 §6.1; OWASP ASVS 3.4.1).
const (
	strictHeader = "Strict-Transport-Security"
	strictly     = "max-age=63072000; includeSubDomains"
)

// strictTransport has browsers ask over HTTPS alone from now on, where the origin says so (RFC 6797).
func strictTransport(origin string, next http.Handler) http.Handler {
	if !strings.HasPrefix(origin, "https://") {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(strictHeader, strictly)
		next.ServeHTTP(w, r)
	})
}
