package faulttest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// hostileFloods are of requests that are small and ask for much, or large and ask for nothing.
var hostileFloods = []flood{
	{"large answers", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, manyPages, nil, map[string]string{"Authorization": "Bearer " + r.writer})
	}, []string{"422 BAD_USER_INPUT", "429 RATE_LIMITED"}},
	{"the largest answers", 20, func(r *rig, _, address int) (answer, error) {
		a, err := r.from(address, `{ posts(first: 50) { body } }`, nil, map[string]string{"Authorization": "Bearer " + r.writer})
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return answer{}, nil // it gave way to another answer for its network
		}
		return a, err
	}, []string{"0", "200", "429 RATE_LIMITED"}},
	{"fragments that double", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, doubling, nil, nil)
	}, []string{"422 BAD_USER_INPUT"}},
	{"fields that are compared", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, "{"+strings.Repeat("__typename ", 990)+"}", nil, nil)
	}, []string{"200"}},
	{"padded queries, each another", 20, func(r *rig, _, address int) (answer, error) {
		return r.from(address, fmt.Sprintf("{ a%d: __typename %s}", next.Add(1), padding), nil, nil)
	}, []string{"200", "429 RATE_LIMITED"}},
	{"small queries, each another", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, fmt.Sprintf("{ a%d: __typename %s}", next.Add(1), strings.Repeat("__typename ", 300)), nil, nil)
	}, []string{"200"}},
	{"large extensions beside a login", 20, func(r *rig, _, address int) (answer, error) {
		return r.raw(address, "/graphql", "application/json", besideLogin)
	}, []string{"200 UNAUTHENTICATED INVALID_CREDENTIALS", "200 RATE_LIMITED", "429 RATE_LIMITED"}},
	{"nested variables", 20, func(r *rig, _, address int) (answer, error) {
		return r.raw(address, "/graphql", "application/json", nested)
	}, []string{"422 BAD_USER_INPUT", "429 RATE_LIMITED"}},
	{"forms of a million fields", 20, func(r *rig, _, address int) (answer, error) {
		return r.raw(address, "/login", "application/x-www-form-urlencoded", fields)
	}, []string{"400", "429"}},
}

var (
	next        atomic.Int64
	padding     = strings.Repeat(" ", 1_000_000)
	doubling    = doublingFragments(25)
	besideLogin = fmt.Sprintf(`{"query":%q,"variables":{"email":"eve@example.com","password":"wrong password"},"extensions":{"a":[%s0]}}`,
		loginQuery, strings.Repeat(`{"":0},`, 140_000))
	nested    = `{"query":"{ __typename }","variables":{"a":[` + strings.Repeat(strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+",", 100) + `0]}}`
	fields    = strings.Repeat("a&", 500_000)
	manyPages = pages(19)
)

// pages is a query for the largest page, so many times.
func pages(n int) string {
	text := "{"
	for i := range n {
		text += fmt.Sprintf(" a%d: posts(first: 100) { id }", i)
	}
	return text + " }"
}

// doublingFragments is a query of n fragments that each spread the next one twice.
func doublingFragments(n int) string {
	text := "{ ...F0 }"
	for i := range n {
		text += fmt.Sprintf(" fragment F%d on Query { ...F%d ...F%d }", i, i+1, i+1)
	}
	return text + fmt.Sprintf(" fragment F%d on Query { me { id } }", n)
}

// raw sends a body as it is, as the proxy in front does, of a client with the address.
func (r *rig) raw(address int, path, mediaType, body string) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, origin+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", address))
	return r.do(0, req)
}

// write has a new user publish posts that are as large as they can be once they are encoded.
func (r *rig) write(posts int) error {
	a, err := r.from(250, signUpQuery, credentials("writer@example.com"), nil)
	if err != nil || a.said() != "" {
		return fmt.Errorf("sign up: %s, %w", a, err)
	}
	r.writer = a.data.Enter.AccessToken
	body, err := json.Marshal(strings.Repeat("\x01", 20_000))
	if err != nil {
		return err
	}
	for range posts {
		a, err := r.send(0, ask{
			query: `mutation($body: String!) { createPost(title: "t", body: $body) { id } }`, vars: map[string]any{"body": json.RawMessage(body)},
			bearer: r.writer,
		})
		if err != nil || a.said() != "" {
			return fmt.Errorf("publish: %s, %w", a, err)
		}
	}
	return nil
}
