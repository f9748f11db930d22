package route_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
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

// passwordHash is the password's, at the cost that the server hashes at.
const passwordHash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdCBmb3IgdGVzdHMhIQ$0lpXVOH0YJLYTMhlP8UX2iavtYx6BetruH+i2bPEuAE"

// register puts an account, with the password of all tests, and its first session into the database as signing up does:
// to hash a password costs more than all the rest of a test.
func (s site) register(name string) member {
	s.t.Helper()
	m := member{email: name + "@example.com"}
	a := auth.Account{User: auth.User{ID: newID(s.t), Email: m.email, Name: name}, PasswordHash: passwordHash}
	must(s.t, s.Store.CreateAccount(s.t.Context(), a, s.opening(&m, a.ID)))
	return s.resumed(m)
}

// another opens one more session of the member, as a login does.
func (s site) another(of member) member {
	s.t.Helper()
	m := member{email: of.email}
	step := s.opening(&m, of.user.ID)
	must(s.t, s.Store.OpenSession(s.t.Context(), of.user.ID, nil, func(l auth.LoginSnapshot) (auth.Opening, error) {
		return step(l.Now)
	}))
	return s.resumed(m)
}

// opening is a new session with its first token, which becomes m's.
func (s site) opening(m *member, userID string) func(time.Time) (auth.Opening, error) {
	secret, tagKey := make([]byte, 32), make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	_, _ = rand.Read(tagKey)
	hash := sha256.Sum256(secret)
	session := newID(s.t)
	return func(now time.Time) (auth.Opening, error) {
		m.refresh = firstToken(tagKey, uuid.MustParse(session), now, hash) + "." + base64.RawURLEncoding.EncodeToString(secret)
		end := now.Add(auth.DefaultIdleTTL)
		return auth.Opening{
			Session: auth.Session{ID: session, UserID: userID, CreatedAt: now, LastUsedAt: now, ExpiresAt: end, UserAgent: "test", IP: "127.0.0.1"},
			TagKey:  tagKey,
			Token:   auth.Token{Generation: 1, Hash: hash[:], SentAt: now, ExpiresAt: end},
		}, nil
	}
}

// firstToken is the id of a session's first refresh token, as auth describes it.
func firstToken(tagKey []byte, session uuid.UUID, made time.Time, hash [32]byte) string {
	id := append(session[:], 0, 0, 0, 1)
	id = append(id, binary.BigEndian.AppendUint64(nil, uint64(made.UnixMilli()))[2:]...)
	mac := hmac.New(sha256.New, tagKey)
	fmt.Fprintf(mac, "latchkey refresh token tag v1%s%s", id, hash[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(id)[:42])
}

// resumed is the member with the access token that comes for the refresh token, which is too young to be rotated.
func (s site) resumed(m member) member {
	s.t.Helper()
	a := s.ask(ask{query: refreshQuery, cookies: []string{m.refresh}, vars: map[string]any{"minAge": 30}})
	if a.data.RefreshToken == nil {
		s.t.Fatalf("%s is not logged in: %d %s", m.email, a.status, a.body)
	}
	if token := a.cookie(); token != "" { // where the grace is short and the machine busy
		m.refresh = token
	}
	m.user, m.access = a.data.RefreshToken.User, a.data.RefreshToken.AccessToken
	m.session = claimsOf(s.t, m.access).Session
	return m
}

func newID(t *testing.T) string {
	t.Helper()
	id, err := uuid.NewV7()
	must(t, err)
	return id.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loginWith logs in with a password.
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
