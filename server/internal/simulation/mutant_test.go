package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// mutant takes a rule of package auth or session out. The zero mutant takes none.
type mutant struct {
	rule string

	// In the network adapter, of a client's refreshes.
	noRecover bool // W1: none says recover
	noMinAge  bool // W2: those of a client that holds a token already, its timer's, say no minAge

	// In the network adapter, of pages:
	pagesClear bool // C6: the login form clears the cookie
	pagesJudge bool // P: a cookie that a page is not answered by is judged as the API does

	// Around the store, of what Present shows.
	change func(*snapshots, *auth.Snapshot)
}

var (
	withoutW1       = mutant{rule: "W1: every refresh says recover", noRecover: true}
	withoutW2       = mutant{rule: "W2: the timer's refresh has minAge", noMinAge: true}
	withoutS2       = mutant{rule: "S5: nothing later seen for longer than G", change: seenLongAgo}
	withoutS5       = mutant{rule: "S5': a recovery moves on", change: sentJustNow}
	withoutC6       = mutant{rule: "a page clears no cookie", pagesClear: true}
	withoutP        = mutant{rule: "P: a page ends no session", pagesJudge: true}
	withoutRecovery = mutant{rule: "S5: a token past its grace can be recovered", change: supersededLongAgo}
	withoutAge      = mutant{rule: "S1: age counts from when the token was last sent", change: sentWhenMade}
)

// request changes the body of a client's refresh.
func (m mutant) request(body []byte, active bool) []byte {
	if !m.noRecover && !(m.noMinAge && active) {
		return body
	}
	var req struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if json.Unmarshal(body, &req) != nil {
		return body
	}
	if m.noRecover {
		req.Variables["recover"] = false
	}
	if m.noMinAge && active {
		req.Variables["minAge"] = 0
	}
	changed, err := json.Marshal(req)
	if err != nil {
		return body
	}
	return changed
}

// answer changes the answer to a request.
func (m mutant) answer(to *message, data []byte) []byte {
	if !m.pagesClear || to.kind != page || !bytes.HasPrefix(data, []byte("HTTP/1.1 401 ")) {
		return data
	}
	clears := fmt.Appendf(nil, "\r\nSet-Cookie: %s=; Path=/; Max-Age=0; Secure; HttpOnly\r\n", cookieName)
	return bytes.Replace(data, []byte("\r\n"), clears, 1)
}

// serve has the handler answer a request. Where the mutant judges by pages, a page that is a login form is made again,
// after the API has judged its cookie.
func (m mutant) serve(handler http.Handler, to *message) *recorder {
	out := to.serve(handler)
	if !m.pagesJudge || to.kind != page || out.status != http.StatusUnauthorized {
		return out
	}
	judge := call(refresh, to.cookie, fmt.Sprintf(`mutation{refreshToken(minAge:%d,recover:true){accessToken}}`, int(grace/time.Second)))
	judge.from = to.from
	judge.serve(handler)
	return to.serve(handler)
}

// around puts the mutant in front of the store.
func (m mutant) around(s auth.Store) auth.Store {
	if m.change == nil {
		return s
	}
	return &snapshots{Store: s, change: m.change, made: map[tokenKey]time.Time{}}
}

// snapshots is a store that shows presented tokens otherwise than they are.
type snapshots struct {
	auth.Store
	change func(*snapshots, *auth.Snapshot)

	mu   sync.Mutex // guards made
	made map[tokenKey]time.Time
}

type tokenKey struct {
	session    string
	generation int64
}

// Present implements auth.Store.
func (s *snapshots) Present(ctx context.Context, session string, generation int64, step func(auth.Snapshot) (auth.Change, error)) error {
	return s.Store.Present(ctx, session, generation, func(snap auth.Snapshot) (auth.Change, error) {
		s.change(s, &snap)
		c, err := step(snap)
		if err == nil && c.Succession != nil {
			s.mu.Lock()
			s.made[tokenKey{session, c.Succession.Next.Generation}] = c.Succession.At
			s.mu.Unlock()
		}
		return c, err
	})
}

// supersededLongAgo shows every presented token that is past its grace as one that is past its recovery too.
func supersededLongAgo(_ *snapshots, snap *auth.Snapshot) {
	if len(snap.Later) > 0 && snap.Now.After(snap.Token.ExpiresAt) {
		snap.Token.SupersededAt = snap.Now.Add(-2 * recovery)
	}
}

// seenLongAgo shows every later token that was ever seen as one that was seen long ago.
func seenLongAgo(_ *snapshots, snap *auth.Snapshot) {
	for i := range snap.Later {
		if !snap.Later[i].SeenAt.IsZero() {
			snap.Later[i].SeenAt = snap.Now.Add(-time.Hour)
		}
	}
}

// sentJustNow shows the current token, to whoever presents one past its grace, as one that was sent just now.
func sentJustNow(_ *snapshots, snap *auth.Snapshot) {
	if n := len(snap.Later); n > 0 && snap.Now.After(snap.Token.ExpiresAt) {
		snap.Later[n-1].SentAt = snap.Now
	}
}

// sentWhenMade shows every token as sent when it was made, and never again.
func sentWhenMade(s *snapshots, snap *auth.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := func(t *auth.Token) {
		if at, known := s.made[tokenKey{snap.Session.ID, t.Generation}]; known {
			t.SentAt = at
		}
	}
	age(&snap.Token)
	for i := range snap.Later {
		age(&snap.Later[i])
	}
}
