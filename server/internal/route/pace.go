package route

import (
	"io"
	"net/http"
	"time"

	"example.com/latchkey/server/internal/inflight"
)

// pace is how slow a client may be.
type pace struct {
	pause  time.Duration // in which leastBytes of a body must arrive
	body   time.Duration // for a whole body
	taking time.Duration // in which the client must take one unit of a long answer
	answer time.Duration // for a whole answer
}

const (
	leastBytes = 5 << 10  // of a body, in each pause
	unit       = 16 << 10 // bytes: bodies are charged, and long answers written, by so many
)

// patience is for slow lines: a body brings 1 KiB a second, and a long answer is taken at half of that. The kernel takes
// no more of an answer until a third of its full buffer has left, so slow lines move in steps.
var patience = pace{pause: 5 * time.Second, body: 30 * time.Second, taking: 30 * time.Second, answer: 15 * time.Minute}

// exchange is a request whose body arrives, and whose answer leaves, at the pace of the client. While it waits for the
// client it may have to give way to another.
type exchange struct {
	pace
	control *http.ResponseController
	began   time.Time
	conn    *connection      // nil: not bounded, or of HTTP/2, where it carries other requests too
	charge  *inflight.Charge // of the request; nil until it is admitted
}

// paced has every body arrive and every answer leave at a least pace, whatever the handler reads and writes.
func paced(p pace, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, w, r = exchangeOf(p, w, r)
		next.ServeHTTP(w, r)
	})
}

// exchangeOf returns the exchange that w and r are of, with those to go on with. It begins one at pace p where there is
// none, as where another server than [Server] calls the handler.
func exchangeOf(p pace, w http.ResponseWriter, r *http.Request) (*exchange, http.ResponseWriter, *http.Request) {
	for at := w; ; {
		if pw, ok := at.(*pacedWriter); ok {
			return pw.exchange, w, r
		}
		outer, ok := at.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		at = outer.Unwrap()
	}
	x := &exchange{pace: p, control: http.NewResponseController(w), began: time.Now()}
	if r.ProtoMajor == 1 {
		x.conn = connectionOf(r)
	}
	if r.Body != nil && r.Body != http.NoBody {
		x.expect()                     // here already, because net/http reads a body that the handler does not
		r = r.WithContext(r.Context()) // a copy: net/http needs its own body in its own
		r.Body = &pacedBody{ReadCloser: r.Body, exchange: x}
	}
	return x, &pacedWriter{ResponseWriter: w, exchange: x}, r
}

// expect gives the client one more pause to send a part of the body. An error says that the connection is gone, or that
// there is none, as in tests: then reading fails or does not wait.
func (x *exchange) expect() {
	until, end := time.Now().Add(x.pause), x.began.Add(x.body)
	if until.After(end) {
		until = end
	}
	_ = x.control.SetReadDeadline(until)
}

// await says that the exchange waits for the client: where it has to give way, deadline is set to one that has passed.
func (x *exchange) await(deadline func(time.Time) error) {
	if x.conn != nil {
		x.conn.await()
	}
	x.charge.Await(func() { _ = deadline(time.Unix(1, 0)) }) // as in expect
}

// resume says that the exchange goes on. It returns false where it gave way meanwhile.
func (x *exchange) resume() bool {
	if x.conn != nil {
		x.conn.resume() // one that gave way is closed
	}
	return x.charge.Resume()
}

// pacedBody is a request's body. Reading it fails with os.ErrDeadlineExceeded where the client is too slow, and with
// inflight.ErrUsedUp where the network has used up its memory or the request gave way.
type pacedBody struct {
	io.ReadCloser
	*exchange
	begun   bool
	arrived int // since the client was last given time
	charged int // bytes that are paid for and have not arrived
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if !b.begun { // the handler may have been busy before
		b.begun = true
		if time.Since(b.exchange.began) > time.Second {
			b.expect()
		}
	}
	b.await(b.control.SetReadDeadline)
	n, err := b.ReadCloser.Read(p)
	if !b.resume() {
		return n, inflight.ErrUsedUp
	}
	for b.charged -= n; b.charged < 0; b.charged += unit {
		if !b.charge.Add(unit) {
			return n, inflight.ErrUsedUp
		}
	}
	// After the end net/http reads on to see whether the client leaves: a deadline would look as if it did.
	if b.arrived += n; err == nil && b.arrived >= leastBytes {
		b.arrived = 0
		b.expect()
	}
	return n, err
}

// pacedWriter writes a long answer unit by unit, each of which the client has to take in time. A short answer has the
// time that the server has for the whole request.
type pacedWriter struct {
	http.ResponseWriter
	*exchange
	written int
}

func (w *pacedWriter) Write(p []byte) (int, error) {
	if w.written+len(p) <= unit {
		w.written += len(p)
		return w.ResponseWriter.Write(p)
	}
	done := 0
	for done < len(p) {
		until, end := time.Now().Add(w.taking), w.began.Add(w.answer)
		if until.After(end) {
			until = end
		}
		_ = w.control.SetWriteDeadline(until) // as in expect
		w.await(w.control.SetWriteDeadline)
		n, err := w.ResponseWriter.Write(p[done:min(done+unit, len(p))])
		done += n
		w.written += n
		if !w.resume() && err == nil {
			err = inflight.ErrUsedUp
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// Flush sends what is buffered, for handlers that ask for an http.Flusher.
func (w *pacedWriter) Flush() { _ = w.control.Flush() } // an error is the connection's

// Unwrap lets http.ResponseController reach the writer below.
func (w *pacedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
