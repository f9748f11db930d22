package route_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// visitor is somebody with a browser that runs no scripts and keeps the refresh cookie, on http://localhost too.
type visitor struct {
	site
	cookie string // "" for none
	device string // "" for none
}

func visit(s site) *visitor { return &visitor{site: s} }

// arrive is a visitor with a session already.
func (s site) arrive(m member) *visitor { return &visitor{site: s, cookie: m.refresh} }

// on is the visitor in a subtest.
func (v *visitor) on(t *testing.T) *visitor {
	v.t = t
	return v
}

// page is an answer to a visitor.
type page struct {
	answer
	text string // the body without tags, and with single spaces
	path string
}

// get opens a page.
func (v *visitor) get(path string) page {
	v.t.Helper()
	return v.open("GET", path, "")
}

func (v *visitor) open(method, path, form string) page {
	v.t.Helper()
	header := map[string]string{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
	if method == http.MethodPost {
		header["Content-Type"] = "application/x-www-form-urlencoded"
		header["Origin"] = v.URL
	}
	if cookies := v.cookies(); cookies != "" {
		header["Cookie"] = cookies
	}
	p := page{answer: v.request(method, path, header, form), path: path}
	p.text = strings.Join(strings.Fields(html.UnescapeString(tag.ReplaceAllString(p.body, " "))), " ")
	v.inspect(p)
	if p.clears() {
		v.cookie = ""
	} else if token := p.answer.cookie(); token != "" {
		v.cookie = token
	}
	if device := p.device(); device != "" {
		v.device = device
	}
	return p
}

// cookies is the visitor's Cookie header.
func (v *visitor) cookies() string {
	var pairs []string
	if v.cookie != "" {
		pairs = append(pairs, graph.CookieName+"="+v.cookie)
	}
	if v.device != "" {
		pairs = append(pairs, graph.DeviceCookieName+"="+v.device)
	}
	return strings.Join(pairs, "; ")
}

var (
	tag    = regexp.MustCompile(`<[^>]*>`)
	jwtish = regexp.MustCompile(`eyJ[\w-]+\.|[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}`)
	secret = regexp.MustCompile(`[\w-]{56}\.[\w-]{43}`)
)

// inspect holds what is true of every answer to a visitor: no token in it but the one in the cookie, and no cache.
func (v *visitor) inspect(p page) {
	v.t.Helper()
	if token := jwtish.FindString(p.body); token != "" {
		v.t.Errorf("%s: an access token is in the page: %s", p.path, token)
	}
	if token := secret.FindString(p.body); token != "" {
		v.t.Errorf("%s: a refresh token is in the page: %s", p.path, token)
	}
	for name, values := range p.header {
		all := strings.Join(values, "\n")
		if jwtish.MatchString(all) || name != "Set-Cookie" && secret.MatchString(all) {
			v.t.Errorf("%s: a token is in the header %s: %s", p.path, name, all)
		}
	}
	if got := p.header.Get("Cache-Control"); got != "no-store" {
		v.t.Errorf("%s: Cache-Control is %q", p.path, got)
	}
}

var (
	forms  = regexp.MustCompile(`(?s)<form [^>]*?method="post"[^>]*?action="([^"]*)"[^>]*>(.*?)</form>`)
	inputs = regexp.MustCompile(`<(?:input|textarea)[^>]*>`)
	names  = regexp.MustCompile(`\bname="([^"]*)"`)
	values = regexp.MustCompile(`\bvalue="([^"]*)"`)
)

// form is a form of a page: where it posts to, and its fields with what is in them.
type form struct {
	action string
	fields url.Values
}

func (p page) forms() (all []form) {
	for _, match := range forms.FindAllStringSubmatch(p.body, -1) {
		f := form{html.UnescapeString(match[1]), url.Values{}}
		for _, input := range inputs.FindAllString(match[2], -1) {
			if name := names.FindStringSubmatch(input); name != nil {
				value := ""
				if v := values.FindStringSubmatch(input); v != nil {
					value = html.UnescapeString(v[1])
				}
				f.fields.Set(name[1], value)
			}
		}
		all = append(all, f)
	}
	return all
}

// form returns the page's first form with the intent, and with the values given for its hidden fields.
func (v *visitor) form(p page, intent string, hidden ...string) form {
	v.t.Helper()
	for _, f := range p.forms() {
		fits := f.fields.Get("intent") == intent
		for i := 0; i < len(hidden); i += 2 {
			fits = fits && f.fields.Get(hidden[i]) == hidden[i+1]
		}
		if fits {
			return f
		}
	}
	v.t.Fatalf("%s has no form to %s %v:\n%s", p.path, intent, hidden, p.body)
	return form{}
}

// submit fills a form in and sends it. Only fields that it has can be filled in.
func (v *visitor) submit(f form, filled ...string) page {
	v.t.Helper()
	for i := 0; i < len(filled); i += 2 {
		if !f.fields.Has(filled[i]) {
			v.t.Fatalf("the form has no field %q, only %v", filled[i], f.fields)
		}
		f.fields.Set(filled[i], filled[i+1])
	}
	return v.open("POST", f.action, f.fields.Encode())
}

// follow holds that an answer leads to the path with 303, and opens that.
func (v *visitor) follow(p page, want string) page {
	v.t.Helper()
	if to := p.header.Get("Location"); p.status != http.StatusSeeOther || to != want {
		v.t.Fatalf("%s answers %d and leads to %q, want 303 and %q:\n%s", p.path, p.status, to, want, p.text)
	}
	return v.get(want)
}

// want holds a page's status, its data-session, and words that are in it.
func (v *visitor) want(p page, status int, session string, words ...string) {
	v.t.Helper()
	if p.status != status || !strings.Contains(p.body, `data-client="server" data-session="`+session+`"`) {
		v.t.Errorf("%s: status %d, want %d and the session %s:\n%.300s", p.path, p.status, status, session, p.body)
	}
	for _, word := range words {
		if !strings.Contains(p.text, word) {
			v.t.Errorf("%s: %q is not in the page: %s", p.path, word, p.text)
		}
	}
}

func startVisit(t *testing.T, o servertest.Options) *visitor {
	t.Helper()
	return visit(start(t, o))
}
