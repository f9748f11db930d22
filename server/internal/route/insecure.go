package route

import "net/http"

// Insecure returns the handler of a listener that speaks no TLS, beside one that does. It redirects a browser that only
// reads to the same address at origin. A form or a token that came in the clear has been overheard: it is refused, so
// that its sender finds out. The requests that challenges answers, where it is set, come before that.
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

// securely returns the address that a request in the clear is redirected to, or "" where it is refused.
func securely(origin string, r *http.Request) string {
	uri := r.URL.RequestURI()
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Scheme != "" || uri[0] != '/' || len(uri) > 8<<10 || fromProgram(r) {
		return ""
	}
	return origin + uri
}

// forPrograms are the paths that programs ask, and no browser's address bar.
var forPrograms = map[string]bool{"/graphql": true, "/healthz": true, "/readyz": true, "/.well-known/jwks.json": true}

// fromProgram reports whether a program sent the request. A redirect would hide from its operator that it asks in the
// clear each time, tokens and all (OWASP ASVS 4.1.2).
func fromProgram(r *http.Request) bool {
	return forPrograms[r.URL.Path] || r.Header.Get("Authorization") != ""
}
