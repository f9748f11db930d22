package route

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// handshakeLimit is how long a peer may take to agree on TLS, or to send a request without it.
const handshakeLimit = 10 * time.Second

// ListenTLS returns ln with TLS by cfg, and every connection guarded for [Server] as by [Listen]. It speaks HTTP/2 where
// the peer can, whose answers net/http always makes itself in full. What only reads in the clear is sent on to the same
// address at origin. The protocols that cfg names come behind those of HTTP.
//
// net/http would do the handshake itself, were the connections it is given TLS's own: but then nothing could be put
// between it and them.
func ListenTLS(ln net.Listener, cfg *tls.Config, origin string) net.Listener {
	cfg = cfg.Clone()
	cfg.NextProtos = append([]string{"h2", "http/1.1"}, cfg.NextProtos...)
	l := &tlsListener{Listener: ln, config: cfg, origin: origin, ready: make(chan net.Conn), failed: make(chan error, 1), closed: make(chan struct{})}
	go l.acceptAll()
	return l
}

type tlsListener struct {
	net.Listener
	config *tls.Config
	origin string
	ready  chan net.Conn // after their handshake
	failed chan error    // why no more come
	once   sync.Once
	closed chan struct{}
}

// Accept returns the next connection that has agreed on TLS.
func (l *tlsListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case err := <-l.failed:
		l.failed <- err // for whoever asks again
		return nil, err
	}
}

// Close stops listening. Handshakes that are under way come to nothing.
func (l *tlsListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// acceptAll has every connection shake hands beside the others: one that is slow keeps nobody waiting.
func (l *tlsListener) acceptAll() {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		c, err := l.Listener.Accept()
		if err == nil {
			go l.begin(c)
			continue
		}
		select {
		case <-l.closed:
			l.failed <- net.ErrClosed
			return
		default:
		}
		if temporary, ok := err.(interface{ Temporary() bool }); !ok || !temporary.Temporary() {
			l.failed <- err
			return
		}
		// As net/http does where the process has no more file descriptors.
		wait.Reset(time.Second)
		select {
		case <-wait.C:
		case <-l.closed:
		}
	}
}

// begin looks at the first byte, which tells TLS from HTTP in the clear, and goes on accordingly.
func (l *tlsListener) begin(c net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeLimit)
	defer cancel()
	deadline, _ := ctx.Deadline()
	if err := c.SetReadDeadline(deadline); err != nil {
		_ = c.Close() // there is nobody to tell
		return
	}
	peeked := &peekedConn{Conn: c, from: bufio.NewReader(c)}
	const handshakeRecord = 22 // RFC 8446 §5.1
	first, err := peeked.from.Peek(1)
	if err != nil || first[0] != handshakeRecord {
		if err == nil {
			l.sendOn(peeked)
		}
		_ = c.Close()
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
	select {
	case l.ready <- accepted:
	case <-l.closed:
		_ = accepted.Close()
	}
}

// sendOn answers a request that came in the clear: the address is right but for its scheme.
func (l *tlsListener) sendOn(c *peekedConn) {
	if c.SetWriteDeadline(time.Now().Add(handshakeLimit)) != nil {
		return
	}
	status, location := "400 Bad Request", ""
	if r, err := http.ReadRequest(c.from); err == nil {
		if to := securely(l.origin, r); to != "" {
			status, location = "308 Permanent Redirect", "Location: "+to+"\r\n"
		}
	}
	// What cannot be written need not be read.
	_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\n%s%sContent-Length: 0\r\nConnection: close\r\n\r\n", status, rawHeaders, location)
}

// peekedConn is a connection of which some has been read into a buffer.
type peekedConn struct {
	net.Conn
	from *bufio.Reader
}

func (c *peekedConn) Read(p []byte) (int, error) { return c.from.Read(p) }

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
