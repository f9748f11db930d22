package route_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/servertest"
)

// client keeps no cookies, follows nothing and unpacks nothing: tests see what the server sent.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 32},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// site is a running server that a test asks.
type site struct {
	*servertest.Server
	t *testing.T
}

func start(t *testing.T, o servertest.Options) site {
	t.Helper()
	return site{servertest.Start(t, o), t}
}

// ask is one request to the API.
type ask struct {
	query   string
	vars    map[string]any
	bearer  string   // the access token; "" for none
	cookies []string // values of the refresh cookie
	header  map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	data   data
	errors []apiError
}

type apiError struct {
	Message    string
	Extensions map[string]any
}

// data holds the fields of every operation; a test looks at those that it asked for.
type data struct {
	SignUp, Login, RefreshToken           *payload
	Me                                    *user
	Posts                                 []post
	Sessions                              []session
	CreatePost                            *post
	Logout, RevokeSession, ChangePassword *bool
	DeletePost                            *bool
	LogoutEverywhere                      *int
}

type payload struct {
	AccessToken string
	ExpiryDate  time.Time
	User        user
}

type user struct {
	ID, Email, Name string
	CreatedAt       time.Time
}

type post struct {
	ID, Title, Body string
	CreatedAt       time.Time
}

type session struct {
	ID                               string
	CreatedAt, LastUsedAt, ExpiresAt time.Time
	UserAgent, IP                    string
	Current                          bool
}

// send sends the request; it may be called on any goroutine.
func (s site) send(a ask) (answer, error) {
	body, err := json.Marshal(map[string]any{"query": a.query, "variables": a.vars})
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequest(http.MethodPost, s.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if a.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	}
	for name, value := range a.header {
		req.Header.Set(name, value)
	}
	for _, value := range a.cookies {
		req.Header.Add("Cookie", graph.CookieName+"="+value)
	}
	return do(req)
}

// do sends any request. Of a body that is no GraphQL answer, data and errors stay empty.
func do(req *http.Request) (answer, error) {
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if resp.Header.Get("Content-Type") == "application/json" {
		var whole struct {
			Data   *data
			Errors []apiError
		}
		if err := json.Unmarshal(body, &whole); err != nil {
			return a, fmt.Errorf("the answer %.200q: %w", body, err)
		}
		a.errors = whole.Errors
		if whole.Data != nil {
			a.data = *whole.Data
		}
	}
	return a, nil
}

// ask sends the request; where no answer comes the test ends.
func (s site) ask(a ask) answer {
	s.t.Helper()
	got, err := s.send(a)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// request sends a request of any kind; where no answer comes the test ends.
func (s site) request(method, path string, header map[string]string, body string) answer {
	s.t.Helper()
	got, err := s.try(method, path, header, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// try is request for any goroutine.
func (s site) try(method, path string, header map[string]string, body string) (answer, error) {
	req, err := http.NewRequest(method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	return do(req)
}

// said is the first error's code with its reason or field behind it, or "" where there is none.
func (a answer) said() string {
	if len(a.errors) == 0 {
		return ""
	}
	words := []string{}
	for _, key := range []string{"code", "reason", "field"} {
		if word, ok := a.errors[0].Extensions[key].(string); ok {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// setCookies returns the answer's lines of Set-Cookie for cookies of the name.
func (a answer) setCookies(name string) (lines []string) {
	for _, line := range a.header.Values("Set-Cookie") {
		if strings.HasPrefix(line, name+"=") {
			lines = append(lines, line)
		}
	}
	return lines
}

// device is the device cookie that the answer sets, "" where it sets none.
func (a answer) device() string {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == graph.DeviceCookieName {
			return c.Value
		}
	}
	return ""
}

// cookie is the refresh token that the answer sets, "" where it sets none.
func (a answer) cookie() string {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == graph.CookieName && c.MaxAge >= 0 {
			return c.Value
		}
	}
	return ""
}

// clears reports whether the answer clears the refresh cookie, the ordinary one and a partitioned one.
func (a answer) clears() bool {
	cleared := map[bool]bool{}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == graph.CookieName && c.MaxAge < 0 && c.Value == "" {
			cleared[c.Partitioned] = true
		}
	}
	return cleared[false] && cleared[true]
}

// with returns a with what b adds to it and replaces in it.
func with[V any](a, b map[string]V) map[string]V {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
