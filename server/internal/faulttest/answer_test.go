package faulttest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"example.com/latchkey/server/internal/graph"
)

const (
	password = "correct horse battery"

	payload       = ` { accessToken }`
	signUpQuery   = `mutation($email: String!, $password: String!) { enter: signUp(email: $email, password: $password)` + payload + ` }`
	loginQuery    = `mutation($email: String!, $password: String!) { enter: login(email: $email, password: $password)` + payload + ` }`
	refreshQuery  = `mutation($minAge: Int! = 0, $recover: Boolean! = false) { enter: refreshToken(minAge: $minAge, recover: $recover)` + payload + ` }`
	logoutQuery   = `mutation { logout }`
	meQuery       = `{ me { email } }`
	publishQuery  = `mutation { createPost(title: "t", body: "b") { id } }`
	answerTimeout = 20 * time.Second // more than anything waits for a database
)

// ask is one request to the API.
type ask struct {
	query           string
	vars            map[string]any
	refresh, bearer string // "" for none
	header          map[string]string
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	data   struct {
		Enter  struct{ AccessToken string }
		Logout bool
		Me     struct{ Email string }
	}
	errors []struct {
		Message    string
		Extensions map[string]any
	}
}

// errNobody says that a request reached no server.
var errNobody = errors.New("no server is there")

// send sends the request to the server at that place. An error says that no whole answer came: nothing is known of what
// the server did.
func (r *rig) send(place int, a ask) (got answer, err error) {
	body, err := json.Marshal(map[string]any{"query": a.query, "variables": a.vars})
	if err != nil {
		return got, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/graphql", bytes.NewReader(body))
	if err != nil {
		return got, err
	}
	req.Header.Set("Content-Type", "application/json")
	if a.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	}
	if a.refresh != "" {
		req.Header.Set("Cookie", graph.CookieName+"="+a.refresh)
	}
	for name, value := range a.header {
		req.Header.Set(name, value)
	}
	return r.do(place, req)
}

// do sends any request to the server at that place, as a proxy would.
func (r *rig) do(place int, req *http.Request) (got answer, err error) {
	address, _ := r.servers[place%len(r.servers)].address.Load().(string)
	if address == "" {
		return got, errNobody
	}
	req.Host, req.URL.Scheme, req.URL.Host = req.URL.Host, "http", address
	resp, err := r.transport.RoundTrip(req)
	if err != nil {
		return got, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return got, err
	}
	got = answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
	if resp.Header.Get("Content-Type") != "application/json" {
		return got, nil
	}
	whole := struct{ Data, Errors any }{&got.data, &got.errors}
	if err := json.Unmarshal(text, &whole); err != nil {
		return got, fmt.Errorf("the answer %.200q: %w", text, err)
	}
	return got, nil
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

// said is the first error's code and reason, or "" where there is none.
func (a answer) said() string {
	if len(a.errors) == 0 {
		return ""
	}
	reason, _ := a.errors[0].Extensions["reason"].(string)
	return strings.TrimSpace(fmt.Sprint(a.errors[0].Extensions["code"], " ", reason))
}

// unavailable reports whether an answer says no more than to come again.
func (a answer) unavailable() bool {
	return a.status == http.StatusServiceUnavailable && a.said() == "INTERNAL_SERVER_ERROR" && len(a.errors[0].Extensions) == 1 &&
		a.errors[0].Message == "Something went wrong on the server." &&
		a.header.Get("Retry-After") == "2" && len(a.header.Values("Set-Cookie")) == 0
}

// String tells of an answer, without its tokens.
func (a answer) String() string {
	if a.data.Enter.AccessToken != "" {
		return fmt.Sprintf("status %d, with an access token", a.status)
	}
	return fmt.Sprintf("status %d, %s", a.status, a.body)
}
