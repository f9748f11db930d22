// Package screentest is the demo application's API for tests: in memory, behind an http.RoundTripper, without sockets,
// so that whatever uses it can run in a testing/synctest bubble, and with everything that goes wrong at a switch.
//
// Call [New], then [API.Session] for a client of it:
//
//	api := screentest.New()
//	api.Enter("ann@example.com")       // the browser has a session's cookie
//	app := screen.New(api.Session(t))  // and the client finds it there
//	api.Down(true)                     // nothing is answered any more
//
// It is one browser with its cookie, and the server. It knows the operations by their names, not GraphQL.
package screentest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

// Password is that of every account.
const Password = "correct horse battery"

// ErrDown is what a request meets while the API is down.
var ErrDown = errors.New("screentest: the network is down")

// Problem is a GraphQL error, as the contract's §4 describes it.
type Problem struct {
	Code, Reason, Field, Message string
	RetryAfter                   int // seconds
}

// Call is a request that reached the API.
type Call struct {
	Op   string
	Vars map[string]any
	At   time.Time
}

// API is the server and the browser's cookie. Any number of goroutines may use it at once.
type API struct {
	// Life is how long access tokens live: 5 minutes. It is set before the first request.
	Life time.Duration

	mu       sync.Mutex // guards what follows
	accounts map[string]*account
	sessions map[string]*live
	tokens   map[string]string // access token: session id
	cookie   string            // the id of the session whose refresh token the browser holds; "" for none
	ended    map[string]string // session id: the reason
	problems map[string]Problem
	holds    map[string]chan struct{}
	down     bool
	calls    []Call
	made     int // for new names
}

type account struct {
	id, email, name string
	posts           []map[string]any // newest first
	written         int              // how many posts there ever were
	activity        []map[string]any // newest first
}

type live struct {
	id      string
	account *account
	agent   string
	since   time.Time

	generation int // of the refresh token: there is no grace here, and each is replaced
}

// New returns an API with the accounts of ann@example.com and bob@example.com, whose ids are "ann" and "bob".
func New() *API {
	a := &API{
		Life: 5 * time.Minute, accounts: map[string]*account{}, sessions: map[string]*live{},
		tokens: map[string]string{}, ended: map[string]string{}, problems: map[string]Problem{},
		holds: map[string]chan struct{}{},
	}
	for _, name := range []string{"ann", "bob"} {
		email := name + "@example.com"
		a.accounts[email] = &account{id: name, email: email, name: strings.ToUpper(name[:1]) + name[1:]}
	}
	return a
}

// Session returns a client of the API until the test ends.
func (a *API) Session(t testing.TB) *session.Session {
	t.Helper()
	s, err := session.New("https://app.example/graphql", session.WithTransport(a), session.WithJar(nil))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Enter gives the browser the cookie of a new session of the account, as a login outside of the client does, and
// returns the session's id.
func (a *API) Enter(email string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.enter(a.accounts[email], "Browser/1.0").id
}

// EnterElsewhere begins a session of the account in another browser, and returns its id.
func (a *API) EnterElsewhere(email, agent string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	mine := a.cookie
	id := a.enter(a.accounts[email], agent).id
	a.cookie = mine
	return id
}

// End ends the browser's session on the server for the reason. The browser keeps its cookie.
func (a *API) End(reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.end(a.cookie, reason)
}

// DropCookie takes the cookie from the browser, and leaves the session as it is.
func (a *API) DropCookie() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cookie = ""
}

// Fill gives the account so many posts: "Post 1" with the id "ann-post1" is the oldest.
func (a *API) Fill(email string, posts int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for range posts {
		a.post(a.accounts[email], "", "body")
	}
}

// Happen puts something on the account's record, as the API tells it but for what is not given.
func (a *API) Happen(email string, entry map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.accounts[email]
	at := time.Now().UTC().Format(time.RFC3339)
	full := map[string]any{
		"id": acc.id + "-entry" + strconv.Itoa(len(acc.activity)+1), "kind": "LOGGED_IN", "reason": nil, "at": at, "lastAt": at,
		"count": 1, "current": false, "userAgent": "Browser/1.0", "ip": "192.0.2.1",
	}
	maps.Copy(full, entry)
	acc.activity = append([]map[string]any{full}, acc.activity...)
}

// Down cuts the network, or mends it.
func (a *API) Down(down bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.down = down
}

// Refuse has the operation answered with the problem from now on; the zero Problem ends that.
func (a *API) Refuse(op string, p Problem) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.problems[op] = p
}

// Hold keeps the answers to the operation from now on until release is called. The operation takes place before.
func (a *API) Hold(op string) (release func()) {
	gate := make(chan struct{})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.holds[op] = gate
	return sync.OnceFunc(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.holds, op)
		close(gate)
	})
}

// Calls returns the requests for one of the operations so far, or all of them where none is named.
func (a *API) Calls(ops ...string) []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []Call
	for _, c := range a.calls {
		for _, op := range ops {
			if c.Op == op {
				list = append(list, c)
			}
		}
		if len(ops) == 0 {
			list = append(list, c)
		}
	}
	return list
}

// Tokens returns every access token that was given out.
func (a *API) Tokens() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for token := range a.tokens {
		list = append(list, token)
	}
	return list
}

// RoundTrip implements http.RoundTripper.
func (a *API) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close() // it is memory
	if err != nil {
		return nil, err
	}
	var in struct {
		Query     string
		Variables map[string]any
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	op := operation(in.Query)
	status, out, err := a.serve(op, in.Variables, req)
	if err != nil {
		return nil, err
	}
	if err := a.wait(op, req); err != nil {
		return nil, err
	}
	answer, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(answer)), Request: req,
	}, nil
}

func (a *API) wait(op string, req *http.Request) error {
	a.mu.Lock()
	gate := a.holds[op]
	a.mu.Unlock()
	if gate == nil {
		return nil
	}
	select {
	case <-gate:
		return nil
	case <-req.Context().Done():
		return req.Context().Err()
	}
}

// operation returns the name of the one field that a query asks for: "mutation (…){login(…){…}}".
func operation(query string) string {
	_, query, _ = strings.Cut(query, "{")
	end := strings.IndexFunc(query, func(r rune) bool { return r == '(' || r == '{' || r == '}' || r == ' ' })
	if end < 0 {
		return query
	}
	return query[:end]
}
