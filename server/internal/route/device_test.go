package route_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// The device cookie, character by character, with every answer that a browser becomes known by. It stands beside the
// refresh cookie, and neither setting nor clearing that replaces it.
func TestDeviceCookie(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	ada := s.register("ada")
	credentials := map[string]any{"email": ada.email, "password": password}
	const attributes = "; Path=/; Max-Age=15552000; HttpOnly; Secure; SameSite=Lax"
	var last string
	for _, row := range []struct {
		name string
		ask  ask
	}{
		{"sign up", ask{query: signUpQuery, vars: map[string]any{"email": "new@example.com", "password": password}}},
		{"login", ask{query: loginQuery, vars: credentials}},
		{"rotation", ask{query: plainRefresh, cookies: []string{ada.refresh}}},
		{"login and logout", ask{query: `mutation { login(email: "` + ada.email + `", password: "` + password + `") { accessToken } logout }`}},
	} {
		a := s.ask(row.ask)
		lines := a.setCookies(graph.DeviceCookieName)
		if last = a.device(); len(last) != 48 || len(lines) != 1 || lines[0] != graph.DeviceCookieName+"="+last+attributes {
			t.Errorf("%s: the device cookies are %q", row.name, lines)
		}
		if len(a.setCookies(graph.CookieName)) == 0 || strings.Contains(a.body, last) {
			t.Errorf("%s: %s %s", row.name, a.header.Values("Set-Cookie"), a.body)
		}
	}
	known := map[string]string{"Cookie": graph.DeviceCookieName + "=" + last}
	for name, a := range map[string]answer{
		"a logout":       s.ask(ask{query: logoutQuery, header: known}),
		"a wrong login":  s.ask(ask{query: loginQuery, vars: map[string]any{"email": ada.email, "password": "wrong"}, header: known}),
		"no session":     s.ask(ask{query: plainRefresh, header: known}),
		"a known device": s.ask(ask{query: plainRefresh, header: map[string]string{"Cookie": known["Cookie"] + "; " + graph.CookieName + "=" + ada.refresh}}),
	} {
		if lines := a.setCookies(graph.DeviceCookieName); len(lines) > 0 {
			t.Errorf("%s: sets %q", name, lines)
		}
	}
}

// A browser without scripts is known as well: pages pass the device cookie on, and forms bring it along. It is no
// session.
func TestAKnownBrowserLogsInByForm(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{LoginAttempts: 3, LoginAttemptsAddress: 3})
	ada := s.register("ada")
	v := visit(s)
	login := func(v *visitor, password string) page {
		t.Helper()
		return v.submit(v.form(v.get("/login"), "login"), "email", ada.email, "password", password)
	}
	login(v, password)
	first := v.device
	v.want(v.get("/posts"), http.StatusOK, "active")
	if first == "" || v.device != first {
		t.Errorf("the device cookies are %q and %q", first, v.device)
	}
	v.submit(v.form(v.get("/posts"), "logout"))
	if v.cookie != "" || v.device != first {
		t.Errorf("after logging out the visitor has %q and %q", v.cookie, v.device)
	}
	v.want(v.get("/posts"), http.StatusUnauthorized, "none")
	stranger := visit(s)
	for range 3 {
		stranger.want(login(stranger, "wrong password"), http.StatusUnauthorized, "none")
	}
	stranger.want(login(stranger, password), http.StatusTooManyRequests, "none", "Too many failed logins.")
	v.want(login(v, "wrong password"), http.StatusUnauthorized, "none")
	if login(v, password); v.cookie == "" || v.device == first {
		t.Errorf("a known browser is kept out, or its count is not a new one")
	}
	v.want(v.get("/posts"), http.StatusOK, "active")
}

// Whatever stands in device cookies, the request is answered as it is without.
func TestJunkDevices(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	ada := s.register("ada")
	for i, junk := range []string{"", "x", strings.Repeat("A", 48), strings.Repeat("A", 48*4), strings.Repeat("A", 48*300), "\"\"", "%00"} {
		cookies := strings.Repeat(graph.DeviceCookieName+"="+junk+"; ", 5)
		a := s.ask(ask{query: loginQuery, vars: map[string]any{"email": ada.email, "password": password}, header: map[string]string{"Cookie": cookies}})
		if a.said() != "" || len(a.device()) > 4*48 {
			t.Error(fmt.Sprint(i), a.body, a.header.Values("Set-Cookie"))
		}
	}
}
