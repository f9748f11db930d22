package simulation

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// cookieName is the refresh cookie's (contract §3).
const cookieName = "__Host-Http-refreshToken"

// kind is what a request asks for.
type kind string

const (
	page    kind = "page"
	refresh kind = "refresh"
	query   kind = "query"
	login   kind = "login"
	logout  kind = "logout"
)

// message is a request as it is made.
type message struct {
	from   *device
	who    string
	kind   kind
	method string
	path   string
	header http.Header
	body   []byte
	cookie string
	made   time.Time

	// Of one that a process has judged:
	reached   time.Time
	undecided bool // a page that was not answered by its token, though its session lives (P)
}

func (m *message) String() string {
	if m.path != "/graphql" {
		return fmt.Sprintf("%s (%s %s)", m.kind, m.method, m.path)
	}
	return string(m.kind)
}

// kindOf tells what a request to the API asks for, by its text.
func kindOf(body []byte) kind {
	for _, one := range []struct {
		text string
		kind kind
	}{{"refreshToken(", refresh}, {"posts(", query}, {"login(", login}, {"logout", logout}} {
		if bytes.Contains(body, []byte(one.text)) {
			return one.kind
		}
	}
	return "other"
}

// generation names a refresh token, and the access tokens that came with it, without telling them.
type generation struct {
	session string
	number  int64
	label   string // of the session, the same whenever a history is repeated
}

func (g generation) String() string {
	if g.session == "" {
		return "no token"
	}
	return fmt.Sprintf("token %d of %s", g.number, g.label)
}

// accessToken is what stands in an access token.
type accessToken struct {
	Session    string `json:"sid"`
	Generation int64  `json:"gen"`
	Issued     int64  `json:"iat"`
	Expiry     int64  `json:"exp"`
}

// readAccess reads the claims of an access token.
func readAccess(token string) (a accessToken, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return a, false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	return a, err == nil && json.Unmarshal(claims, &a) == nil
}

// answerOf finds the access token in the body of a refresh or a login.
func accessIn(body []byte) string {
	const field = `"accessToken":"`
	_, rest, found := bytes.Cut(body, []byte(field))
	if !found {
		return ""
	}
	token, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(token)
}

// bearerOf returns the access token that a request carries.
func bearerOf(h http.Header) string {
	token, _ := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	return token
}

// shifted returns the access token as a device sees it whose clock is off by so much.
func shifted(token string, by time.Duration) string {
	parts := strings.Split(token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return token
	}
	all := map[string]any{}
	dec := json.NewDecoder(bytes.NewReader(claims))
	dec.UseNumber()
	if dec.Decode(&all) != nil {
		return token
	}
	for _, name := range []string{"iat", "exp"} {
		n, ok := all[name].(json.Number)
		at, err := n.Int64()
		if !ok || err != nil {
			return token
		}
		all[name] = at + int64(by/time.Second)
	}
	moved, err := json.Marshal(all)
	if err != nil {
		return token
	}
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(moved) + "." + parts[2]
}
