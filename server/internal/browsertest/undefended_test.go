package browsertest_test

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/graph"
)

// plainCookie is what the refresh cookie is called where its prefix does not protect it.
const plainCookie = "refreshToken"

// undefended is the same server without its defences, for the controls of the hostile attempts: no policy of any kind,
// no rule on who may have the worker's script, on other sites, on methods and on media types, a cookie that scripts can
// read and set, and a client that keeps its token on the page.
func undefended(t *testing.T, next http.Handler) http.Handler {
	naive, careless, worker := hostileScript(t, "naive.js"), hostileScript(t, "careless.js"), scriptURLs(t)["worker"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open := &undefendedWriter{ResponseWriter: w, origin: r.Header.Get("Origin")}
		if r.Method == http.MethodOptions {
			open.WriteHeader(http.StatusNoContent)
			return
		}
		r = trusting(r, worker)
		appended := ""
		switch {
		case r.URL.Path == "/assets/worker.js":
			appended = careless
		case strings.HasPrefix(r.URL.Path, "/assets/page-"):
			appended = naive
		}
		if appended == "" {
			next.ServeHTTP(open, r)
			return
		}
		r.Header.Del("Accept-Encoding")
		open.appended = "\n" + appended
		next.ServeHTTP(open, r)
		_, _ = open.Write([]byte(open.appended)) // an error is the connection's
	})
}

func hostileScript(t *testing.T, name string) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("testdata/hostile", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// trusting turns r into a request that the server's rules have nothing against, one for the worker's script into one
// for that of this version.
func trusting(r *http.Request, worker string) *http.Request {
	r = r.Clone(r.Context())
	if cookies := r.Header.Get("Cookie"); cookies != "" {
		r.Header.Set("Cookie", strings.ReplaceAll("; "+cookies, "; "+plainCookie+"=", "; "+graph.CookieName+"=")[len("; "):])
	}
	r.Header.Del("Origin")
	r.Header.Del("Service-Worker")
	r.Header.Del("Upgrade")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	switch r.URL.Path {
	case "/assets/worker.js":
		_, r.URL.RawQuery, _ = strings.Cut(worker, "?")
		r.Header.Set("Sec-Fetch-Dest", "sharedworker")
		r.Header.Set("Sec-Fetch-Mode", "same-origin")
	case "/graphql":
		asJSON(r)
	}
	if r.Header.Get("Sec-Fetch-Dest") == "serviceworker" {
		r.Header.Set("Sec-Fetch-Dest", "script")
	}
	return r
}

// asJSON turns a query by GET or by a form into one by POST and JSON.
func asJSON(r *http.Request) {
	query := r.URL.Query().Get("query")
	mt, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what is no media type is no form
	if mt == "application/x-www-form-urlencoded" || mt == "multipart/form-data" {
		query = r.FormValue("query")
	}
	r.Header.Set("Content-Type", "application/json")
	if query == "" {
		return
	}
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err) // a string always has a JSON
	}
	r.Method, r.Body = http.MethodPost, newBody(body)
	r.URL.RawQuery = url.Values{}.Encode()
}

// undefendedWriter takes the headers away that a browser would act on.
type undefendedWriter struct {
	http.ResponseWriter
	origin   string // of the asking page, where it is another
	appended string // what comes after the answer
	wrote    bool
}

func (u *undefendedWriter) WriteHeader(status int) {
	if !u.wrote {
		u.wrote = true
		u.open(u.Header())
	}
	u.ResponseWriter.WriteHeader(status)
}

func (u *undefendedWriter) open(h http.Header) {
	for _, name := range []string{
		"Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "X-Content-Type-Options",
		"X-Frame-Options", "Permissions-Policy", "Cache-Control", "Vary", "ETag", "Referrer-Policy",
	} {
		h.Del(name)
	}
	if n, err := strconv.Atoi(h.Get("Content-Length")); err == nil {
		h.Set("Content-Length", strconv.Itoa(n+len(u.appended)))
	}
	h.Set("Origin-Agent-Cluster", "?0") // lets document.domain work
	if u.origin != "" {
		h.Set("Access-Control-Allow-Origin", u.origin)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Allow-Headers", "Content-Type")
	}
	cookies := h.Values("Set-Cookie")
	h.Del("Set-Cookie")
	for _, c := range cookies {
		if strings.Contains(c, "Max-Age=0") {
			continue // careless.js asks before there is a session: the answer may be late, and clear the cookie of one
		}
		c = strings.Replace(c, graph.CookieName, plainCookie, 1)
		c = strings.Replace(c, "; HttpOnly", "", 1)
		h.Add("Set-Cookie", strings.Replace(c, "SameSite=Lax", "SameSite=None", 1))
	}
}

func (u *undefendedWriter) Write(p []byte) (int, error) {
	if !u.wrote {
		u.WriteHeader(http.StatusOK)
	}
	return u.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer below.
func (u *undefendedWriter) Unwrap() http.ResponseWriter { return u.ResponseWriter }
