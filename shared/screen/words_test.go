package screen_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
)

var notices = regexp.MustCompile(`(?s)<p class="notice"[^>]*>(.*?)</p>`)

// said returns the notices of a page.
func said(page string) string {
	var list []string
	for _, m := range notices.FindAllStringSubmatch(page, -1) {
		list = append(list, html.UnescapeString(m[1]))
	}
	return strings.Join(list, "|")
}

// Every reason of the contract's §4 for which a session can be over, seen by the holder of its cookie.
func TestReasonsInASentence(t *testing.T) {
	for _, row := range []struct {
		reason string
		before bool // the client knew the session before it ended
		want   string
	}{
		{"TOKEN_REUSED", true, "You were logged out because an old key to your session was used again, which may mean that somebody copied it. Your account is safe: log in again."},
		{"IDLE", true, "You were logged out because you had not been here for a long time."},
		{"MAX_AGE", true, "You were logged out because your session reached its greatest age."},
		{"LOGGED_OUT", true, "You are logged out."},
		{"REVOKED", true, "You were logged out from another of your devices, or by those who run this site."},
		{"PASSWORD_CHANGED", true, "You were logged out because your password was changed on another device."},
		{"TOO_MANY", true, "You were logged out because your account is logged in on very many devices: the one that was not used for longest is logged out."},
		{"UNKNOWN_TOKEN", true, "You are logged out."},
		{"NO_TOKEN", true, "You are logged out."},
		{"TOKEN_REUSED", false, "You were logged out because an old key to your session was used again, which may mean that somebody copied it. Your account is safe: log in again."},
		{"IDLE", false, "You were logged out because you had not been here for a long time."},
		{"UNKNOWN_TOKEN", false, ""},
		{"NO_TOKEN", false, ""},
		{"<b>SOMETHING NEW</b>", true, ""},
	} {
		bubble(t, func(t *testing.T, api *screentest.API) {
			api.Enter(ann)
			app := visitor(t, api)
			api.End(row.reason)
			if !row.before {
				app = visitor(t, api)
			} else if v := app.Show(t.Context(), "/posts"); v.Session != "ended" {
				t.Errorf("%s: data-session=%s", row.reason, v.Session)
			}
			for _, path := range []string{"/login", "/posts", "/account?done=password"} {
				page := render(t, app.Show(t.Context(), path))
				if got := said(page); got != row.want || strings.Contains(page, "SOMETHING") {
					t.Errorf("%s at %s (before: %t): %q, want %q", row.reason, path, row.before, got, row.want)
				}
			}
		})
	}
}

// However a session ended, there is a sentence for it that does not ask to log in: who reads it has.
func TestEndings(t *testing.T) {
	for reason, want := range map[session.Reason]string{
		"": "You logged out.", session.ReasonLoggedOut: "You logged out.",
		session.ReasonTokenReused:  "An old key to it was used again, which may mean that somebody copied it.",
		session.ReasonIdle:         "You were logged out because you had not been here for a long time.",
		session.ReasonRevoked:      "You were logged out from another of your devices, or by those who run this site.",
		session.ReasonUnknownToken: "Its cookie was gone.",
		"<b>SOMETHING NEW</b>":     "The server ended it.",
	} {
		if got := screen.Ending(reason); got != want {
			t.Errorf("%s: %q, want %q", reason, got, want)
		}
	}
}

func TestNoticesComeFromTheTable(t *testing.T) {
	const password, revoked = "Your password is changed. Every other session of yours has ended.", "That session has ended."
	for _, row := range []struct{ path, want string }{
		{"/account?done=password", password},
		{"/account?x=y&done=revoked", revoked},
		{"/account?done=revoked&done=password", revoked},
		{"/account", ""},
		{"/account?done=", ""},
		{"/account?done=Revoked", ""},
		{"/account?done=<script>alert(1)</script>", ""},
		{"/account?done=%3Cb%3E", ""},
		{"/account?notice=revoked", ""},
		{"/account?a;done=revoked", ""},
		{"/posts?done=password", ""},
		{"/?done=password", ""},
		{"/nowhere?done=password", ""},
	} {
		bubble(t, func(t *testing.T, api *screentest.API) {
			if got := said(render(t, loggedIn(t, api).Show(t.Context(), row.path))); got != row.want {
				t.Errorf("%s says %q, want %q", row.path, got, row.want)
			}
		})
		bubble(t, func(t *testing.T, api *screentest.API) {
			if got := said(render(t, visitor(t, api).Show(t.Context(), row.path))); got != "" {
				t.Errorf("%s says %q to someone who is not logged in", row.path, got)
			}
		})
	}
}

func TestDevices(t *testing.T) {
	const mozilla = "Mozilla/5.0 (%) AppleWebKit/537.36 (KHTML, like Gecko) "
	on := func(system, rest string) string { return strings.Replace(mozilla, "%", system, 1) + rest }
	for agent, want := range map[string]string{
		on("Windows NT 10.0; Win64; x64", "Chrome/140.0.0.0 Safari/537.36"):                                                "Chrome on Windows",
		on("X11; Linux x86_64", "HeadlessChrome/140.0.0.0 Safari/537.36"):                                                  "Chrome on Linux",
		on("X11; CrOS x86_64 14541.0.0", "Chrome/140.0.0.0 Safari/537.36"):                                                 "Chrome on ChromeOS",
		on("Linux; Android 15; Pixel 9", "Chrome/140.0.0.0 Mobile Safari/537.36"):                                          "Chrome on Android",
		on("Windows NT 10.0", "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"):                                              "Edge on Windows",
		on("Linux; Android 15", "Chrome/140.0.0.0 Mobile Safari/537.36 EdgA/140.0.0.0"):                                    "Edge on Android",
		on("Windows NT 10.0", "Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0"):                                              "Opera on Windows",
		on("iPhone; CPU iPhone OS 18_0 like Mac OS X", "CriOS/140.0 Mobile/15E148 Safari/604.1"):                           "Chrome on iPhone",
		on("iPhone; CPU iPhone OS 18_0 like Mac OS X", "Version/18.0 Mobile/15E148 Safari/604.1"):                          "Safari on iPhone",
		on("iPhone; CPU iPhone OS 18_0 like Mac OS X", "FxiOS/140.0 Mobile/15E148 Safari/605.1.15"):                        "Firefox on iPhone",
		on("iPhone; CPU iPhone OS 18_0 like Mac OS X", "Version/18.0 EdgiOS/140.0 Mobile/15E148 Safari/604.1"):             "Edge on iPhone",
		on("iPad; CPU OS 18_0 like Mac OS X", "Version/18.0 Mobile/15E148 Safari/604.1"):                                   "Safari on iPad",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18 Safari/605.1": "Safari on macOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                           "Firefox on Linux",
		"Firefox/1.0":                    "Firefox",
		"curl/8.5.0":                     "curl/8.5.0",
		"Go-http-client/1.1 (something)": "Go-http-client/1.1",
		"":                               "Unknown program",
		" padded":                        "Unknown device",
		"<script>alert(1)</script>":      "<script>alert(1)</script>",
		strings.Repeat("x", 500):         strings.Repeat("x", 60),
		strings.Repeat("x", 59) + "é":    strings.Repeat("x", 59),
	} {
		bubble(t, func(t *testing.T, api *screentest.API) {
			api.EnterElsewhere(ann, agent)
			page := render(t, loggedIn(t, api).Show(t.Context(), "/account"))
			var got []string
			for _, m := range regexp.MustCompile(`(?s)<p class="device"[^>]*>(.*?)</p>`).FindAllStringSubmatch(page, -1) {
				got = append(got, text(m[1]))
			}
			if len(got) != 2 || got[0] != want && got[1] != want || strings.Contains(page, "<script") {
				t.Errorf("%q is %q, want %q", agent, got, want)
			}
			if strings.Count(page, "This device") != 1 || strings.Count(page, ">Revoke<") != 1 {
				t.Errorf("not one device of two is this one: %s", text(page))
			}
		})
	}
}

func TestSessionTimesAreInUTC(t *testing.T) {
	bubble(t, func(t *testing.T, api *screentest.API) {
		page := text(render(t, loggedIn(t, api).Show(t.Context(), "/account")))
		if want := "Logged in 1 Jan 2000, 00:00 UTC · last used 1 Jan 2000, 00:00 UTC · 192.0.2.1"; !strings.Contains(page, want) {
			t.Errorf("no %q in %s", want, page)
		}
	})
}
