package route_test

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// target is a server that is called without a network between, so that a header may hold any bytes, and somebody who is
// logged in to it: nothing that strangers send may harm them.
type target struct {
	*servertest.Server
	handler http.Handler
	email   string
	cookie  string
	access  string
	asked   uint32
}

func newTarget(f *testing.F) *target {
	f.Helper()
	g := &target{email: "honest@example.com"}
	g.Server = servertest.Start(f, servertest.Options{Wrap: func(h http.Handler) http.Handler {
		g.handler = h
		return h
	}})
	if _, err := g.Auth.SignUp(f.Context(), g.email, password, "", auth.Visitor{}); err != nil {
		f.Fatal(err)
	}
	g.login(f)
	return g
}

func (g *target) login(t testing.TB) {
	t.Helper()
	grant, err := g.Auth.Login(t.Context(), g.email, password, auth.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	g.cookie, g.access = grant.RefreshToken, grant.AccessToken
}

// post sends a body to the API.
func (g *target) post(t *testing.T, body string, header http.Header) answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/json")
	a := g.ask(t, r)
	var whole struct {
		Data   json.RawMessage
		Errors []apiError
	}
	if err := json.Unmarshal([]byte(a.body), &whole); err != nil || len(whole.Data) == 0 && len(whole.Errors) == 0 {
		t.Fatalf("%d, no GraphQL answer: %v\n%s", a.status, err, a.body)
	}
	a.errors = whole.Errors
	if string(whole.Data) != "null" {
		_ = json.Unmarshal(whole.Data, &a.data) // of a stranger's query with aliases, fields may be anything
	}
	for _, e := range whole.Errors {
		if e.Extensions["code"] == "INTERNAL_SERVER_ERROR" {
			t.Errorf("a failure of ours: %s", a.body)
		}
	}
	return a
}

// ask calls the handler, each time from another address: one address may show so many tokens of nobody and no more.
func (g *target) ask(t *testing.T, r *http.Request) answer {
	t.Helper()
	g.asked++
	ip := binary.BigEndian.AppendUint32(nil, 10<<24+g.asked%(1<<24))
	r.RemoteAddr = net.JoinHostPort(net.IP(ip).String(), "1234")
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	if a.status >= 500 {
		t.Errorf("%d %s", a.status, a.body)
	}
	return a
}

func query(text string) string {
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(body)
}

// alive refreshes with the honest cookie alone.
func (g *target) alive(t *testing.T) {
	t.Helper()
	a := g.post(t, query(plainRefresh), http.Header{"Cookie": {graph.CookieName + "=" + g.cookie}})
	if a.said() != "" || a.cookie() == "" {
		t.Fatalf("the honest session is answered with %d %s", a.status, a.body)
	}
	g.cookie, g.access = a.cookie(), a.data.RefreshToken.AccessToken
}

// FuzzCookie sends Cookie headers of strangers, alone and around the honest one. In the text \x01 stands for the
// cookie's name, \x02 for the id of the honest token and \x03 for a well-formed token that nobody has.
func FuzzCookie(f *testing.F) {
	g := newTarget(f)
	const secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for place, text := range []string{
		"", "\x01=", "\x01=\x03", "\x01=\x02." + secret, "\x01=\x02.", "\x01=\x02", "\x01=\"\x02." + secret + "\"",
		strings.Repeat("\x01=\x03; ", 20), strings.Repeat("\x01=\x02."+secret+"; ", 7), strings.Repeat("x", 70_000),
		"\x01", "=;=;;; \x01 = \x03", "a=\"\\\"; \x01=\x03", "\x01=\x03,\x01=\x03", "\x01=\xff\x00\r\nSet-Cookie: a=b", "$Version=1; \x01=\x03",
	} {
		f.Add(text, uint8(place))
	}
	f.Fuzz(func(t *testing.T, text string, place uint8) {
		id, _, _ := strings.Cut(g.cookie, ".")
		// A token of the same form that is nobody's: the honest id with a letter changed, and a secret of zeros.
		nobody := strings.Map(func(c rune) rune {
			if c == '0' {
				return '1'
			}
			return c
		}, id) + "." + secret
		text = strings.NewReplacer("\x01", graph.CookieName, "\x02", id, "\x03", nobody).Replace(text)
		alone := http.Header{"Cookie": {text}}
		for _, q := range []string{plainRefresh, `mutation { refreshToken(recover: true, minAge: 30) { accessToken } }`} {
			if a := g.post(t, query(q), alone); a.status != http.StatusOK || a.errors[0].Extensions["code"] != "UNAUTHENTICATED" || a.cookie() != "" {
				t.Errorf("a stranger is answered with %d %s %q", a.status, a.body, a.header.Values("Set-Cookie"))
			}
		}
		if a := g.post(t, query(logoutQuery), alone); a.cookie() != "" {
			t.Errorf("a stranger's logout sets %q", a.header.Values("Set-Cookie"))
		}
		page := httptest.NewRequest(http.MethodGet, "/posts", nil)
		page.Header = alone.Clone()
		if a := g.ask(t, page); a.status != http.StatusUnauthorized || len(a.header.Values("Set-Cookie")) > 0 {
			t.Errorf("a stranger's page: %d %q", a.status, a.header.Values("Set-Cookie"))
		}
		honest := graph.CookieName + "=" + g.cookie
		among := [][]string{{honest, text}, {text, honest}, {honest + "; " + text}, {text + "; " + honest}}[place%4]
		switch a := g.post(t, query(plainRefresh), http.Header{"Cookie": among}); {
		case a.said() == "" && a.cookie() != "":
			g.cookie = a.cookie()
		case a.status != http.StatusOK || a.errors[0].Extensions["code"] != "UNAUTHENTICATED" || a.cookie() != "":
			t.Errorf("among others the honest cookie is answered with %d %s", a.status, a.body)
		}
		g.alive(t)
	})
}

// FuzzBearer sends Authorization headers: some text, and the honest token with the text in the place of some of it.
func FuzzBearer(f *testing.F) {
	g := newTarget(f)
	const none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0" // {"alg":"none","typ":"at+jwt"}
	for position, text := range []string{
		"", "Bearer", "Bearer ", "bearer  ", "Basic YTpi", "Bearer " + none + ".e30.", "Bearer a.b.c", "Bearer ..", ".", "\n", "=", "A",
		none, none + ".", "Bearer " + strings.Repeat("a.", 5000), "Bearer \xff\x00",
	} {
		f.Add(text, uint16(position*40))
	}
	f.Fuzz(func(t *testing.T, text string, position uint16) {
		at := min(int(position), len(g.access))
		spliced := g.access[:at] + text + g.access[min(at+len(text), len(g.access)):]
		// Line ends are no part of base64; HTTP lets none of them through.
		same := strings.NewReplacer("\r", "", "\n", "").Replace(strings.TrimSpace(spliced)) == g.access
		for header, mayPass := range map[string]bool{text: false, "Bearer " + spliced: same} {
			a := g.post(t, query(meQuery), http.Header{"Authorization": {header}})
			switch {
			case a.data.Me != nil && (!mayPass || a.data.Me.Email != g.email):
				t.Errorf("%q passes", header)
			case a.data.Me == nil && (a.status != http.StatusOK && a.status != http.StatusUnauthorized || a.errors[0].Extensions["code"] != "UNAUTHENTICATED"):
				t.Errorf("%q is answered with %d %s", header, a.status, a.body)
			}
			if len(a.header.Values("Set-Cookie")) > 0 {
				t.Errorf("%q sets %q", header, a.header.Values("Set-Cookie"))
			}
		}
	})
}

// FuzzBody sends bodies of a stranger, and the same of somebody who is logged in: with the access token alone.
func FuzzBody(f *testing.F) {
	g := newTarget(f)
	for _, body := range []string{
		"", "null", "[]", "{", `{"query":1}`, `{"query":""}`, `{"query":"{ me { email } }","variables":[]}`, `{"query":"{ __schema { types { name } } }"}`,
		query(meQuery), query(postsQuery), query(sessionsQuery), query(plainRefresh), query(logoutQuery), query(everywhereQuery),
		query(`mutation { createPost(title: "\u0000", body: "\ud800") { id } }`), query(`mutation { deletePost(id: "x") }`),
		query(`mutation { revokeSession(id: "") }`), query(`{ posts(first: -1, after: "x") { id } }`), query(`{ posts(first: 99999999999) { id } }`),
		query(`mutation { refreshToken(minAge: -5, recover: true) { accessToken expiryDate user { id } } }`),
		query(`mutation { login(email: "a", password: "") { accessToken } }`), query(`mutation { signUp(email: "@", password: "x") { accessToken } }`),
		query(`query A { me { id } } query B { me { id } }`), query(`subscription { x }`), query(`fragment F on User { ...F } { me { ...F } }`),
		query(strings.Repeat("{ me ", 50)), `{"query":"{ me { id } }","operationName":"\u0000","extensions":{"persistedQuery":{"version":1}}}`,
		`{"query":"query($a: Int!) { posts(first: $a) { id } }","variables":{"a":1e400}}`, `{"query":"query($a: Int!) { posts(first: $a) { id } }","variables":{"a":"1"}}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, header := range []http.Header{{}, {"Authorization": {"Bearer " + g.access}}} {
			a := g.post(t, body, header)
			switch a.status {
			case http.StatusOK, http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
			case http.StatusUnauthorized: // of the access token: its session ended by an earlier field or body
				g.login(t)
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
			var sent struct{ Query string }
			_ = json.Unmarshal([]byte(body), &sent) // of a body that is no request there is no query
			if a.cookie() != "" && !strings.Contains(sent.Query, "login") && !strings.Contains(sent.Query, "signUp") {
				t.Errorf("%q sets a cookie", body)
			}
		}
	})
}
