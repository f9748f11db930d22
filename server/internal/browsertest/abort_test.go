package browsertest_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/servertest"
)

// What the client gives up is gone from the network too (rule W3): the browser closes the request, and the server is
// told.
func TestRequestGivenUpIsAborted(t *testing.T) {
	t.Parallel()
	asked, aborted := make(chan struct{}), make(chan struct{})
	var once sync.Once
	srv := servertest.Start(t, servertest.Options{Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			if r.URL.Path == "/graphql" && strings.Contains(string(body), "sessions") {
				held := false
				once.Do(func() { held = true })
				if held {
					close(asked)
					<-r.Context().Done() // never answered
					close(aborted)
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}})
	tb := newBrowser(t).open(srv, "/signup")
	tb.ready()
	tb.signUp()
	closed := func(c chan struct{}) func() bool {
		return func() bool {
			select {
			case <-c:
				return true
			default:
				return false
			}
		}
	}
	tb.click("link", "Account")
	tb.until("the request for the sessions", closed(asked))
	if closed(aborted)() {
		t.Fatal("the request was given up before anybody went elsewhere")
	}
	tb.click("link", "Posts") // and not to Account any more
	tb.until("the end of the request for the sessions", closed(aborted))
	tb.see("heading", "Your posts")
}
