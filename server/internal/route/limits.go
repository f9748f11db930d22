package route

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
)

// plainBodies refuses bodies that are packed: a small one may hold a large one, and nobody sends them (RFC 9110
// §15.5.16).
func plainBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, coding := range r.Header.Values("Content-Encoding") {
			if !strings.EqualFold(strings.TrimSpace(coding), "identity") {
				w.Header().Set("Accept-Encoding", "identity")
				refuse(w, r, http.StatusUnsupportedMediaType, &auth.Error{
					Code: auth.CodeBadUserInput, Message: "Send the body as it is, without a Content-Encoding.",
				})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

const (
	bodyUnit  = 16 << 10 // bytes
	wholeBody = 1 << 20  // bytes: no more is ever read of one

	// mostAtOnce is far more than browsers behind one address send: a thousand requests, or fifteen bodies of 1 MiB.
	mostAtOnce = 1024
)

// notAllAtOnce bounds what is under way at once for one network, requests and the memory of their bodies: each weighs
// one, and one more for each bodyUnit of body that may come.
func notAllAtOnce(next http.Handler) http.Handler {
	var underWay load
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		network, n := auth.Network(graph.Address(r)), weight(r)
		if !underWay.add(network, n) {
			w.Header().Set("Retry-After", "1")    // seconds
			w.Header().Set("Connection", "close") // or net/http waits for the body before it answers
			refuse(w, r, http.StatusTooManyRequests, &auth.Error{
				Code: auth.CodeRateLimited, Message: "Too many requests at once from where you are. Please try again in a moment.",
				RetryAfter: time.Second,
			})
			return
		}
		defer underWay.remove(network, n)
		next.ServeHTTP(w, r)
	})
}

func weight(r *http.Request) int {
	length := r.ContentLength
	if length < 0 || length > wholeBody {
		length = wholeBody
	}
	return 1 + int((length+bodyUnit-1)/bodyUnit)
}

// load is what is under way, by network. The zero value is none.
type load struct {
	mu sync.Mutex // guards of
	of map[string]int
}

func (l *load) add(network string, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[network]+n > mostAtOnce {
		return false
	}
	if l.of == nil {
		l.of = map[string]int{}
	}
	l.of[network] += n
	return true
}

func (l *load) remove(network string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[network] -= n; l.of[network] == 0 {
		delete(l.of, network)
	}
}
