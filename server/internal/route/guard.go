package route

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/web"
)

// The three policies of contract §6. Only the worker may reach the API, so that a script injected into a page cannot.
const (
	pageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'none'; " +
		"worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types latchkey"
	workerCSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
	baselineCSP = "default-src 'none'; sandbox; frame-ancestors 'none'"
)

// baselineHeaders stand on every answer, whoever makes it; pages and the worker's script replace the policy.
var baselineHeaders = [][2]string{
	{"Content-Security-Policy", baselineCSP},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"}, // for browsers that do not know frame-ancestors
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
}

// pagePermissions denies pages what they never use, and with it a script that was injected into one.
const pagePermissions = "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), " +
	"payment=(), serial=(), usb=()"

func baseline(next http.Handler) http.Handler {
	headers := http.Header{} // of every answer: none changes a value, but sets another
	for _, h := range baselineHeaders {
		headers.Set(h[0], h[1])
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), headers)
		next.ServeHTTP(w, r)
	})
}

// pagePolicy is for documents that people see. Cross-Origin-Opener-Policy cuts the tie to a window that a script
// opens on an answer without our headers.
func pagePolicy(h http.Header) {
	h.Set("Content-Security-Policy", pageCSP)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", pagePermissions)
}

// workerOnly serves the worker's entry script to a browser that starts a worker of this origin with it, and to
// nothing else: opened as a document it would be a page of this origin that may reach the API. It answers 403 before
// anything is revalidated. A page of another release asks for its own version of the worker, and gets none instead of
// one that speaks another language: it is then rendered by the server, as where there are no workers.
func workerOnly(assets *web.Assets) http.Handler {
	script := assets.Worker()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Vary", "Sec-Fetch-Dest")
		h.Set("Cache-Control", "no-store")
		dest := r.Header.Get("Sec-Fetch-Dest")
		if (dest != "worker" && dest != "sharedworker") || r.Header.Get("Sec-Fetch-Mode") != "same-origin" {
			plain(w, http.StatusForbidden, "This script only starts a worker of this origin.\n")
			return
		}
		if r.URL.RequestURI() != assets.WorkerURL() {
			plain(w, http.StatusNotFound, "There is no worker of this version here: reload the page.\n")
			return
		}
		h.Set("Content-Security-Policy", workerCSP)
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(script)))
		_, _ = w.Write(script) // an error is the connection's
	})
}

// noServiceWorker refuses every request for a service worker: one would sit between the pages and the server.
func noServiceWorker(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Dest") == "serviceworker" || r.Header.Get("Service-Worker") != "" {
			plain(w, http.StatusForbidden, "There are no service workers here.\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// crossSite refuses whatever a browser sends from another site with an unsafe method.
func crossSite(origin string) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	if err := p.AddTrustedOrigin(origin); err != nil {
		return nil, fmt.Errorf("the origin %q: %w", origin, err)
	}
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusForbidden, &auth.Error{
			Code: auth.CodeForbidden, Message: "A request from another site may not change anything here.",
		})
	}))
	return p, nil
}

// refuse answers a request that goes no further: with a GraphQL error where it is one of the API.
func refuse(w http.ResponseWriter, r *http.Request, status int, err *auth.Error) {
	if r.URL.Path == "/graphql" {
		graph.Refuse(w, status, err)
		return
	}
	plain(w, status, err.Message+"\n")
}
