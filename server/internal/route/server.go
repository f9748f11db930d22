package route

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// Server returns an HTTP server for the handler, with limits on slow and large requests. Serve it on a listener from
// [Listen]: then the answers that net/http gives itself, to a request that it cannot parse or that is too large,
// carry the baseline headers too. Without them a window on such an answer is a document of this origin with no policy.
// The limits are in server/OPERATING.md.
func Server(h http.Handler, log *slog.Logger) *http.Server { return serverAt(patience, h, log) }

func serverAt(p pace, h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           serving(paced(p, h)),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       p.body,
		WriteTimeout:      60 * time.Second, // of a short answer; see pacedWriter
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          100,       // the least that RFC 9113 §6.5.2 recommends
			MaxReceiveBufferPerConnection: 128 << 10, // bytes that arrive before the handler reads them
			MaxReceiveBufferPerStream:     64 << 10,
			WriteByteTimeout:              p.taking,
		},
		// "OPTIONS *" goes to the handler like all else, and gets its headers.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ConnState: func(c net.Conn, state http.ConnState) {
			if g, ok := c.(*guardedConn); ok && state == http.StateIdle {
				g.handled.Store(false)
			}
			if b := below(c); b != nil {
				b.enter(state)
			}
		},
	}
}

// enter notes the state of a connection: one of HTTP/2 is idle while it has no stream.
func (c *connection) enter(state http.ConnState) {
	switch state {
	case http.StateNew, http.StateIdle:
		c.await()
	case http.StateActive:
		c.resume()
	}
}

// Listen returns ln with every connection guarded for [Server].
func Listen(ln net.Listener) net.Listener { return guardedListener{ln} }

type guardedListener struct{ net.Listener }

func (l guardedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &guardedConn{Conn: c, headers: rawHeaders}, nil
}

type connKey struct{}

// serving marks the connection of each request as one whose answer is the handler's.
func serving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g, ok := r.Context().Value(connKey{}).(*guardedConn); ok {
			g.handled.Store(true)
		}
		next.ServeHTTP(w, r)
	})
}

// guardedConn adds the baseline headers to an answer that no handler made.
type guardedConn struct {
	net.Conn
	headers []byte      // what is inserted after the status line
	handled atomic.Bool // from a handler's start until its answer has been written
}

// rawHeaders and secureHeaders are those of a raw answer, in the clear and over TLS.
var (
	rawHeaders    = headerLines(baselineHeaders)
	secureHeaders = headerLines(append(slices.Clone(baselineHeaders), [2]string{strictHeader, strictly}))
)

func headerLines(headers [][2]string) []byte {
	var b bytes.Buffer
	for _, h := range headers {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	return b.Bytes()
}

func (c *guardedConn) Write(p []byte) (int, error) {
	end := bytes.Index(p, []byte("\r\n"))
	if c.handled.Load() || end < 0 || !bytes.HasPrefix(p, []byte("HTTP/1.")) {
		return c.Conn.Write(p)
	}
	line := end + len("\r\n")
	n, err := c.Conn.Write(bytes.Join([][]byte{p[:line], c.headers, p[line:]}, nil))
	if err != nil {
		return min(n, line), err
	}
	return len(p), nil
}

// CloseWrite ends the sending half, as net/http does before it gives up a connection, so that the peer can still
// read the answer.
func (c *guardedConn) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
