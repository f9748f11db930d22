package page

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"example.com/latchkey/server/internal/inflight"
)

// visit is an http.RoundTripper that hands requests to the API's handler in the process, as the visitor: with the
// visitor's cookies, address and user agent. What the API sets as a cookie it sends from then on, and keeps for the
// answer to the visitor. What the API clears it does not send any more, but the visitor keeps it, unless leaving.
type visit struct {
	api     http.Handler
	visitor *http.Request

	mu      sync.Mutex     // guards what follows
	leaving bool           // the visitor asks to be logged out
	cookies []*http.Cookie // sent with the next request
	set     []setCookie    // for the visitor
}

// ownCookies begins the name of every cookie that the API sets. Other cookies of the visitor are not passed to it: there
// may be thousands.
const ownCookies = "__Host-Http-"

func newVisit(api http.Handler, r *http.Request) *visit {
	own := slices.DeleteFunc(r.Cookies(), func(c *http.Cookie) bool { return !strings.HasPrefix(c.Name, ownCookies) })
	return &visit{api: api, visitor: r, cookies: own}
}

// RoundTrip calls the handler and returns when it is done. A visit that takes as long as an access token lives has the
// session refresh it meanwhile, so two requests may be on their way at once.
func (v *visit) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RemoteAddr, in.RequestURI = v.visitor.RemoteAddr, r.URL.RequestURI()
	in.Header.Set("User-Agent", v.visitor.UserAgent())
	in.Header.Del("Cookie")
	v.addCookies(in)
	if in.Body == nil {
		in.Body = http.NoBody
	}
	out := &answer{header: http.Header{}, status: http.StatusOK, charge: inflight.FromContext(v.visitor.Context())}
	v.api.ServeHTTP(out, in)
	out.end()
	if err := in.Body.Close(); err != nil {
		return nil, err
	}
	v.remember(out.header)
	return &http.Response{
		Status: http.StatusText(out.status), StatusCode: out.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: r,
	}, nil
}

func (v *visit) addCookies(r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var pairs []string // joined once: http.Request.AddCookie copies the whole header for each
	for _, c := range v.cookies {
		pairs = append(pairs, (&http.Cookie{Name: c.Name, Value: c.Value, Quoted: c.Quoted}).String())
	}
	if len(pairs) > 0 {
		r.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
}

// setCookie is the lines of Set-Cookie of one name.
type setCookie struct {
	name  string
	lines []string
}

// remember takes over the cookies that an answer sets: of each name what the last answer says. Where that clears the
// cookie, the visitor is told only when leaving.
func (v *visit) remember(h http.Header) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var of []setCookie
	cleared := map[string]bool{}
	for _, line := range h.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			continue // the API's own lines are well-formed
		}
		v.cookies = slices.DeleteFunc(v.cookies, func(old *http.Cookie) bool { return old.Name == c.Name })
		if c.MaxAge >= 0 {
			v.cookies = append(v.cookies, c)
		} else {
			cleared[c.Name] = true
		}
		i := slices.IndexFunc(of, func(s setCookie) bool { return s.name == c.Name })
		if i < 0 {
			i, of = len(of), append(of, setCookie{name: c.Name})
		}
		of[i].lines = append(of[i].lines, line)
	}
	for _, s := range of {
		if cleared[s.name] && !v.leaving {
			continue
		}
		v.set = append(slices.DeleteFunc(v.set, func(old setCookie) bool { return old.name == s.name }), s)
	}
}

// leave has the API's clearing of cookies reach the visitor from now on.
func (v *visit) leave() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.leaving = true
}

// passCookies hands on to the visitor what the API set.
func (v *visit) passCookies(w http.ResponseWriter) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range v.set {
		for _, line := range s.lines {
			w.Header().Add("Set-Cookie", line)
		}
	}
}

// answer is an http.ResponseWriter that keeps what is written, and charges it to the visitor's network.
type answer struct {
	header http.Header
	body   bytes.Buffer
	status int
	wrote  bool
	charge *inflight.Charge
	usedUp bool // the network's memory
}

// refusal is what the API says to a request whose network has used up its memory.
const refusal = `{"errors":[{"message":"` + inflight.Refusal + `","extensions":{"code":"RATE_LIMITED","retryAfter":1}}],"data":null}`

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.wrote = true
	if a.usedUp = a.usedUp || !a.charge.Add(len(p)); a.usedUp {
		return 0, inflight.ErrUsedUp
	}
	return a.body.Write(p)
}

// end puts a refusal in the place of an answer that could not be kept.
func (a *answer) end() {
	if !a.usedUp {
		return
	}
	a.status = http.StatusTooManyRequests
	a.header.Del("Content-Length")
	a.body.Reset()
	a.body.WriteString(refusal)
}
