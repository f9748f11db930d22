package browsertest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
)

// newNeighbour starts a server of strangers: of the same site by the name sibling, of another by the name
// stranger. It returns its origin as a sibling.
func (w *world) newNeighbour() string {
	mux := http.NewServeMux()
	mux.HandleFunc("/script", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript")
		rw.Header().Set("Access-Control-Allow-Origin", "*")
		code, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = rw.Write([]byte(code))
	})
	mux.HandleFunc("/never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Header().Set("Origin-Agent-Cluster", "?0")
		for name, values := range r.URL.Query() {
			if name == "cookie" {
				for _, c := range values {
					rw.Header().Add("Set-Cookie", c)
				}
			}
		}
		_, _ = fmt.Fprint(rw, "<!doctype html><title>A neighbour</title><body data-free=yes>")
	})
	srv := httptest.NewServer(mux)
	w.t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "127.0.0.1", sibling, 1)
}
