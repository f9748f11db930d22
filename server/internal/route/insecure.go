package route

import "net/http"

// Insecure returns the handler of a listener that speaks no TLS, beside one that does: it sends who only reads on to the
// same address at origin. A form or a token that came in the clear has been overheard: it is refused, so that whoever
// sends it finds out. What challenges answers of the requests, where it is set, comes before that.
func Insecure(origin string, challenges func(next http.Handler) http.Handler) http.Handler {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := securely(origin, r)
		if to == "" {
			plain(w, http.StatusForbidden, "Here is https alone.\n")
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	if challenges != nil {
		h = challenges(h)
	}
	return baseline(h)
}

// securely returns where a request in the clear is sent on to, "" where it is not.
func securely(origin string, r *http.Request) string {
	uri := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Scheme != "" || uri[0] != '/' || len(uri) > 8<<10 {
		return ""
	}
	return origin + uri
}
