package route_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/route"
	"example.com/latchkey/server/internal/servertest"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:ffff::/48")}

func TestForwarded(t *testing.T) {
	const stranger, proxy = "192.0.2.7", "10.1.2.3"
	for _, row := range []struct {
		name, peer string
		lines      []string
		want       string
	}{
		{"no proxy", stranger, nil, stranger},
		{"a stranger's word", stranger, []string{"203.0.113.5"}, stranger},
		{"a proxy's", proxy, []string{"203.0.113.5"}, "203.0.113.5"},
		{"a proxy that says nothing", proxy, nil, proxy},
		{"what the visitor said before", proxy, []string{"198.51.100.1, 203.0.113.5"}, "203.0.113.5"},
		{"in a line of its own", proxy, []string{"198.51.100.1", "203.0.113.5"}, "203.0.113.5"},
		{"a chain of proxies", proxy, []string{"198.51.100.1, 203.0.113.5, 10.9.9.9", "10.8.8.8"}, "203.0.113.5"},
		{"a visitor who names a proxy", proxy, []string{"10.9.9.9, 203.0.113.5"}, "203.0.113.5"},
		{"a visitor within the proxies' network", proxy, []string{"10.9.9.9"}, "10.9.9.9"},
		{"with a port", proxy, []string{"203.0.113.5:1234"}, "203.0.113.5"},
		{"IPv6", proxy, []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv6 with a port", proxy, []string{"[2001:db8::1]:1234"}, "2001:db8::1"},
		{"IPv6 in brackets", proxy, []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 with a zone", proxy, []string{"fe80::1%eth0"}, "fe80::1"},
		{"IPv4 in IPv6", "::ffff:10.1.2.3", []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		{"a proxy with IPv6", "2001:db8:ffff::1", []string{"203.0.113.5"}, "203.0.113.5"},
		{"what is no address", proxy, []string{"203.0.113.5, unknown"}, proxy},
		{"nothing behind the comma", proxy, []string{"203.0.113.5,"}, proxy},
		{"an empty line", proxy, []string{""}, proxy},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := route.Forwarded(netip.MustParseAddr(row.peer), proxies, row.lines); got.String() != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

// FuzzForwarded sends lines through a proxy, which adds an address: nothing that is sent makes another of it.
func FuzzForwarded(f *testing.F) {
	for _, line := range []string{"", ",", "10.0.0.1", "203.0.113.5, 10.0.0.1", "[::1]:80", "unknown", "%eth0", strings.Repeat("10.0.0.1,", 1000)} {
		f.Add(line, "192.0.2.7")
		f.Add("203.0.113.5", line)
	}
	proxy := netip.MustParseAddr("10.1.2.3")
	f.Fuzz(func(t *testing.T, line, last string) {
		visitor := netip.MustParseAddr("192.0.2.7")
		for _, lines := range [][]string{{line + ", 192.0.2.7"}, {line, last, "192.0.2.7, 10.9.9.9"}, {line + "," + last + ",192.0.2.7:99"}} {
			if got := route.Forwarded(proxy, proxies, lines); got != visitor {
				t.Errorf("%q: %s", lines, got)
			}
		}
		if got := route.Forwarded(visitor, proxies, []string{line, last}); got != visitor {
			t.Errorf("a stranger is %s by %q", got, line)
		}
		if got := route.Forwarded(proxy, proxies, []string{line, last}); !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Errorf("%q, %q: %s", line, last, got)
		}
	})
}

// The visitor's address is in the session, and is what failed logins are counted of, by form and by API alike.
func TestVisitorsBehindAProxy(t *testing.T) {
	t.Parallel()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	s := start(t, servertest.Options{Proxies: loopback, LoginAttempts: 4, LoginAttemptsAddress: 3, SignUps: 2})
	from := func(ip string) map[string]string { return map[string]string{"X-Forwarded-For": "8.8.8.8, " + ip} }
	signUp := func(email, ip string) answer {
		t.Helper()
		return s.ask(ask{query: signUpQuery, vars: map[string]any{"email": email, "password": password, "name": "Ada"}, header: from(ip)})
	}
	ada := signUp("ada@example.com", "203.0.113.5")
	me := s.as(member{access: ada.data.SignUp.AccessToken}, sessionsQuery, nil)
	if len(me.data.Sessions) != 1 || me.data.Sessions[0].IP != "203.0.113.5" {
		t.Errorf("the sessions are %+v", me.data.Sessions)
	}
	login := func(password, ip string) string {
		t.Helper()
		return s.ask(ask{query: loginQuery, vars: map[string]any{"email": "ada@example.com", "password": password}, header: from(ip)}).said()
	}
	form := func(password, ip string) int {
		t.Helper()
		header := with(from(ip), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		return s.request("POST", "/login", header, "intent=login&email=ada@example.com&password="+password).status
	}
	for range 2 {
		if said := login("wrong password", "2001:db8::1"); said != "UNAUTHENTICATED INVALID_CREDENTIALS" {
			t.Error(said)
		}
	}
	if status := form("wrong", "2001:db8::2"); status != http.StatusUnauthorized {
		t.Errorf("the form says %d", status)
	}
	for _, row := range []struct{ name, ip, want string }{
		{"of the same network", "2001:db8::99", "RATE_LIMITED"},
		{"elsewhere", "198.51.100.1", ""},
	} {
		if said := login(password, row.ip); said != row.want {
			t.Errorf("%s: %q, want %q", row.name, said, row.want)
		}
	}
	for range 4 {
		if said := login("wrong password", "2001:db8:1::1"); said == "" {
			t.Error("logged in with a wrong password")
		}
	}
	if said := login("wrong password", "198.51.100.1"); said != "UNAUTHENTICATED INVALID_CREDENTIALS" {
		t.Error(said)
	}
	if status := form(password, "198.51.100.1"); status != http.StatusTooManyRequests {
		t.Errorf("the form says %d to a stranger", status)
	}
	var said []string
	for _, ip := range []string{"203.0.113.5", "203.0.113.5", "203.0.113.6"} {
		said = append(said, signUp("user@"+ip+".example", ip).said())
	}
	if !slices.Equal(said, []string{"", "RATE_LIMITED", "EMAIL_TAKEN"}) && !slices.Equal(said, []string{"", "RATE_LIMITED", ""}) {
		t.Errorf("sign-ups are answered with %q", said)
	}
}

// A proxy that nobody named to the server is named in the log, once, and strangers cannot fill the log with their headers.
func TestAProxyThatIsNotTrustedIsLogged(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		proxies []netip.Prefix
		send    []string // peer, and the header that it sends
		told    []string // the peers that are named
	}{
		{"no header", nil, []string{"10.0.0.1 ", "192.0.2.1 "}, nil},
		{"a proxy", nil, []string{"10.0.0.1 X-Forwarded-For", "10.0.0.1 X-Forwarded-For", "10.0.0.1 Forwarded"}, []string{"10.0.0.1"}},
		{"another header", nil, []string{"::1 Forwarded"}, []string{"::1"}},
		{"a trusted proxy", proxies, []string{"10.0.0.1 X-Forwarded-For", "10.0.0.2 Forwarded"}, nil},
		{"a second proxy that was forgotten", proxies, []string{"10.0.0.1 X-Forwarded-For", "192.168.0.2 X-Forwarded-For"}, []string{"192.168.0.2"}},
		{"one network", nil, []string{"2001:db8::1 Forwarded", "2001:db8::2 Forwarded"}, []string{"2001:db8::1"}},
		{"strangers", nil, []string{"192.0.2.1 Forwarded", "192.0.2.2 Forwarded", "192.0.2.3 Forwarded", "127.0.0.1 X-Forwarded-For", "10.0.0.1 Forwarded", "10.0.0.2 Forwarded"},
			[]string{"192.0.2.1", "192.0.2.2", "127.0.0.1", "10.0.0.1"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var logged bytes.Buffer
			h := route.FromVisitor(row.proxies, slog.New(slog.NewTextHandler(&logged, nil)), http.NotFoundHandler())
			for _, send := range row.send {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				peer, header, _ := strings.Cut(send, " ")
				r.RemoteAddr = net.JoinHostPort(peer, "4711")
				if header != "" {
					r.Header.Set(header, "203.0.113.5")
				}
				h.ServeHTTP(httptest.NewRecorder(), r)
			}
			var told []string
			for line := range strings.Lines(logged.String()) {
				if !strings.Contains(line, "level=WARN") || !strings.Contains(line, "--trusted-proxies") {
					t.Errorf("the log says %s", line)
				}
				told = append(told, strings.TrimSpace(line[strings.LastIndex(line, "peer=")+len("peer="):]))
			}
			if !slices.Equal(told, row.told) {
				t.Errorf("the log names %q, want %q", told, row.told)
			}
		})
	}
}
