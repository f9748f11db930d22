package simulation

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// thief is somebody who can read the cookie of a device now and then, and sends requests of his own.
type thief struct {
	*link
	victim  *device
	cookies []string // the latest last
	tokens  []string // access tokens, the latest last
}

// manners says what a thief likes to do.
type manners struct {
	copies float64 // of acts that copy the cookie anew
	uses   float64 // of acts that use an access token
	old    float64 // of the tokens shown that are not the latest
	pages  float64 // of the tokens shown that are shown to a page
	soon   float64 // of pauses that are seconds
}

func (w *world) newThief(victim *device) *thief {
	d := &device{w: w, name: "thief", address: "203.0.113.66", thief: true, jar: &jar{}, real: map[string]string{}}
	w.devices = append(w.devices, d)
	t := &thief{link: d.newLink("thief"), victim: victim}
	d.planned = func(string, kind) fate {
		return fate{up: t.dice.between(0, 50*time.Millisecond), down: time.Millisecond, cut: 1, process: t.dice.float()}
	}
	return t
}

// live has the thief do his worst until stop.
func (t *thief) live(m manners, stop <-chan struct{}) {
	for first := true; ; first = false {
		pause := t.dice.scaled(10*time.Second, time.Hour)
		if t.dice.chance(m.soon) {
			pause = t.dice.scaled(100*time.Millisecond, 10*time.Second)
		}
		select {
		case <-stop:
			return
		case <-time.After(pause):
		}
		switch {
		case first || t.dice.chance(m.copies):
			t.steal()
		case len(t.tokens) > 0 && t.dice.chance(m.uses):
			t.use(t.tokens[len(t.tokens)-1])
		default:
			t.show(m)
		}
	}
}

// steal copies the victim's cookie.
func (t *thief) steal() {
	if cookie := t.victim.jar.value(); cookie != "" {
		t.w.note(t.who, "copies %v", t.w.watch.name(cookie))
		t.cookies = append(t.cookies, cookie)
	}
}

// show presents a token.
func (t *thief) show(m manners) {
	if len(t.cookies) == 0 {
		return
	}
	cookie := t.cookies[len(t.cookies)-1]
	if t.dice.chance(m.old) {
		cookie = t.cookies[t.dice.below(len(t.cookies))]
	}
	if t.dice.chance(m.pages) {
		t.ask(&message{kind: page, method: http.MethodGet, path: "/posts", cookie: cookie, header: http.Header{}})
		return
	}
	minAge := []int{0, 1, int(grace / time.Second)}[t.dice.below(3)]
	t.ask(call(refresh, cookie, fmt.Sprintf(`mutation{refreshToken(minAge:%d,recover:%v){accessToken}}`, minAge, t.dice.chance(0.8))))
}

// use makes a query with an access token.
func (t *thief) use(token string) {
	m := call(query, "", `{posts(first:1){id}}`)
	m.header.Set("Authorization", "Bearer "+token)
	t.ask(m)
}

// call is a request to the API.
func call(k kind, cookie, text string) *message {
	return &message{kind: k, method: http.MethodPost, path: "/graphql", cookie: cookie,
		header: http.Header{"Content-Type": {"application/json"}}, body: fmt.Appendf(nil, `{"query":%q}`, text)}
}

// ask sends a request and keeps what the answer brings.
func (t *thief) ask(m *message) {
	resp, err := t.send(context.Background(), m)
	if err != nil {
		return
	}
	for _, c := range resp.Cookies() {
		if c.Name == cookieName && c.MaxAge > 0 {
			t.cookies = append(t.cookies, c.Value)
		}
	}
	body, err := io.ReadAll(resp.Body)
	t.w.ok(err)
	if token := accessIn(body); token != "" {
		t.tokens = append(t.tokens, token)
	}
}

// stolen plans a history with a thief.
func stolen(seed uint64, d *dice) plan {
	p := honest(seed, d)
	p.programs, p.browsers, p.habits.logins, p.noScripts = 0, []bool{d.chance(0.5)}, false, false
	if d.chance(0.3) {
		p.habits.crowd = 0.2
	}
	p.thief = &manners{copies: d.float() * 0.5, uses: d.float() * 0.6, old: d.float() * 0.4, pages: d.float() * 0.6,
		soon: d.float() * 0.7}
	return p
}

// hiding plans a history with a thief who never uses an access token, and shows the successors that he is given after
// the owner had every occasion to recover (counter-examples T3 and T4).
func hiding(seed uint64, d *dice) plan {
	p := stolen(seed, d)
	p.habits.rush, p.habits.edge = 0, 0
	p.thief = &manners{}
	return p
}

// TestThieves has a thief in every history: a theft that can be told from an honest race is found out.
func TestThieves(t *testing.T) {
	began := time.Now()
	total := many(t, histories(800), func(seed uint64, d *dice) plan {
		if seed%2 == 0 {
			return hiding(seed, d)
		}
		return stolen(seed, d)
	}, func(seed uint64, failures []string, history string) bool {
		report(t, "TestThieves", seed, failures, history)
		return true
	})
	t.Logf("%v; %v a history", total, time.Since(began)/time.Duration(max(1, total.histories)))
	if total.thefts == 0 && *seed == 0 {
		t.Error("no thief was caught: the histories hold nothing")
	}
}
