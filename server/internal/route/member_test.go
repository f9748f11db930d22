package route_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

const (
	payloadFields = ` { accessToken expiryDate user { id email name createdAt } }`

	signUpQuery = `mutation($email: String!, $password: String!, $name: String) {
		signUp(email: $email, password: $password, name: $name)` + payloadFields + ` }`
	loginQuery = `mutation($email: String!, $password: String!) {
		login(email: $email, password: $password)` + payloadFields + ` }`
	refreshQuery = `mutation($minAge: Int! = 0, $recover: Boolean! = false) {
		refreshToken(minAge: $minAge, recover: $recover)` + payloadFields + ` }`
	plainRefresh    = `mutation { refreshToken` + payloadFields + ` }`
	meQuery         = `{ me { id email name createdAt } }`
	postsQuery      = `query($first: Int! = 20, $after: ID) { posts(first: $first, after: $after) { id title body createdAt } }`
	createPostQuery = `mutation($title: String!, $body: String!) { createPost(title: $title, body: $body) { id title body createdAt } }`
	deletePostQuery = `mutation($id: ID!) { deletePost(id: $id) }`
	sessionsQuery   = `{ sessions { id createdAt lastUsedAt expiresAt userAgent ip current } }`
	revokeQuery     = `mutation($id: ID!) { revokeSession(id: $id) }`
	logoutQuery     = `mutation { logout }`
	everywhereQuery = `mutation { logoutEverywhere }`
	changeQuery     = `mutation($current: String!, $new: String!) { changePassword(current: $current, new: $new) }`
)

const password = "correct horse battery"

// member is somebody who is logged in.
type member struct {
	email   string
	user    user
	session string // its id
	access  string
	refresh string
}

// signUp makes an account, with the password of all tests, and its first session.
func (s site) signUp(name string) member {
	s.t.Helper()
	email := name + "@example.com"
	a := s.ask(ask{query: signUpQuery, vars: map[string]any{"email": email, "password": password, "name": name}})
	return s.member(email, a, a.data.SignUp)
}

// login opens one more session of the member.
func (s site) login(m member) member {
	s.t.Helper()
	return s.loginWith(m.email, password)
}

func (s site) loginWith(email, password string) member {
	s.t.Helper()
	a := s.ask(ask{query: loginQuery, vars: map[string]any{"email": email, "password": password}})
	return s.member(email, a, a.data.Login)
}

func (s site) member(email string, a answer, p *payload) member {
	s.t.Helper()
	if p == nil || p.AccessToken == "" || a.cookie() == "" {
		s.t.Fatalf("%s is not logged in: %d %s", email, a.status, a.body)
	}
	return member{email, p.User, claimsOf(s.t, p.AccessToken).Session, p.AccessToken, a.cookie()}
}

// as asks with the member's access token.
func (s site) as(m member, query string, vars map[string]any) answer {
	s.t.Helper()
	return s.ask(ask{query: query, vars: vars, bearer: m.access})
}

// refresh presents a refresh token, without arguments.
func (s site) refresh(token string) answer {
	s.t.Helper()
	return s.ask(ask{query: plainRefresh, cookies: []string{token}})
}

// rotated presents a refresh token and returns the one that takes its place.
func (s site) rotated(token string) string {
	s.t.Helper()
	a := s.refresh(token)
	if a.said() != "" || a.cookie() == "" || a.cookie() == token {
		s.t.Fatalf("the refresh token was not rotated: %d %s", a.status, a.body)
	}
	return a.cookie()
}

// publish creates a post of the member.
func (s site) publish(m member, title string) post {
	s.t.Helper()
	a := s.as(m, createPostQuery, map[string]any{"title": title, "body": "The body of " + title + "."})
	if a.data.CreatePost == nil {
		s.t.Fatalf("publishing %q: %d %s", title, a.status, a.body)
	}
	return *a.data.CreatePost
}

func (s site) posts(m member) []post {
	s.t.Helper()
	a := s.as(m, postsQuery, map[string]any{"first": 100})
	if a.said() != "" {
		s.t.Fatalf("posts: %d %s", a.status, a.body)
	}
	return a.data.Posts
}

// claims are what an access token says, as a stranger reads it.
type claims struct {
	Issuer     string `json:"iss"`
	Audience   any    `json:"aud"`
	Subject    string `json:"sub"`
	Session    string `json:"sid"`
	ID         string `json:"jti"`
	IssuedAt   int64  `json:"iat"`
	Expiry     int64  `json:"exp"`
	Generation int64  `json:"gen"`
}

func claimsOf(t *testing.T, token string) claims {
	t.Helper()
	var c claims
	decodePart(t, token, 1, &c)
	return c
}

// decodePart reads a part of a JWT, 0 the header and 1 the claims.
func decodePart(t *testing.T, token string, part int, into any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the access token has %d parts", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
