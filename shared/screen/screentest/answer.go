package screentest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// answer is the body of an answer.
type answer map[string]any

func data(op string, value any) answer { return answer{"data": answer{op: value}} }

func refusal(p Problem) answer {
	ext := answer{"code": p.Code}
	for key, value := range map[string]string{"reason": p.Reason, "field": p.Field} {
		if value != "" {
			ext[key] = value
		}
	}
	if p.RetryAfter > 0 {
		ext["retryAfter"] = p.RetryAfter
	}
	return answer{"data": nil, "errors": []answer{{"message": p.Message, "extensions": ext}}}
}

func unauthenticated(reason string) answer {
	return refusal(Problem{Code: "UNAUTHENTICATED", Reason: reason, Message: "no"})
}

// serve is the server, and the browser that takes the cookie of its answer.
func (a *API) serve(op string, vars map[string]any, req *http.Request) (status int, out answer, err error) {
	if err := req.Context().Err(); err != nil {
		return 0, nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.down {
		return 0, nil, ErrDown
	}
	a.calls = append(a.calls, Call{op, vars, time.Now()})
	if p := a.problems[op]; p.Code != "" {
		return http.StatusOK, refusal(p), nil
	}
	text := func(name string) string { s, _ := vars[name].(string); return s }
	switch op {
	case "login":
		acc := a.accounts[text("email")]
		if acc == nil || text("password") != Password {
			return http.StatusOK, unauthenticated("INVALID_CREDENTIALS"), nil
		}
		return http.StatusOK, data(op, a.grant(a.enter(acc, "Browser/1.0"))), nil
	case "signUp":
		return http.StatusOK, a.signUp(op, text("email"), text("name")), nil
	case "refreshToken":
		return http.StatusOK, a.refresh(op), nil
	case "logout":
		a.end(a.cookie, "LOGGED_OUT")
		a.cookie = ""
		return http.StatusOK, data(op, true), nil
	}
	return a.restricted(op, text, vars, req)
}

// restricted is what needs an access token.
func (a *API) restricted(op string, text func(string) string, vars map[string]any, req *http.Request) (int, answer, error) {
	s := a.sessions[a.tokens[strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")]]
	if s == nil {
		return http.StatusUnauthorized, unauthenticated("ACCESS_TOKEN_EXPIRED"), nil
	}
	switch op {
	case "me":
		return http.StatusOK, data(op, s.account.user()), nil
	case "posts":
		first, _ := vars["first"].(float64)
		return http.StatusOK, data(op, page(s.account.posts, int(first), text("after"))), nil
	case "createPost":
		return http.StatusOK, data(op, a.post(s.account, text("title"), text("body"))), nil
	case "deletePost":
		return http.StatusOK, s.account.remove(op, text("id")), nil
	case "sessions":
		first, _ := vars["first"].(float64)
		return http.StatusOK, answer{"data": answer{op: a.list(s), "activity": page(s.account.activity, int(first), text("after"))}}, nil
	case "revokeSession":
		if other := a.sessions[text("id")]; other == nil || other.account != s.account {
			return http.StatusOK, refusal(Problem{Code: "NOT_FOUND", Message: "There is no such session."}), nil
		}
		a.end(text("id"), "REVOKED")
		return http.StatusOK, data(op, true), nil
	case "logoutEverywhere":
		for id, other := range a.sessions {
			if other.account == s.account {
				a.end(id, "LOGGED_OUT")
			}
		}
		a.cookie = ""
		return http.StatusOK, data(op, 2), nil
	case "changePassword":
		if text("current") != Password {
			return http.StatusOK, unauthenticated("INVALID_CREDENTIALS"), nil
		}
		return http.StatusOK, data(op, true), nil
	}
	return http.StatusOK, refusal(Problem{Code: "BAD_USER_INPUT", Message: "There is no such operation: " + op}), nil
}

func (a *API) signUp(op, email, name string) answer {
	if a.accounts[email] != nil {
		return refusal(Problem{Code: "EMAIL_TAKEN", Message: "taken"})
	}
	a.made++
	acc := &account{id: "user" + strconv.Itoa(a.made), email: email, name: name}
	a.accounts[email] = acc
	return data(op, a.grant(a.enter(acc, "Browser/1.0")))
}

func (a *API) refresh(op string) answer {
	switch s := a.sessions[a.cookie]; {
	case a.cookie == "":
		return unauthenticated("NO_TOKEN")
	case s == nil:
		reason := a.ended[a.cookie]
		a.cookie = ""
		return unauthenticated(reason)
	default:
		return data(op, a.grant(s))
	}
}

// The methods below are called with mu held.

func (a *API) enter(acc *account, agent string) *live {
	a.made++
	s := &live{id: "session" + strconv.Itoa(a.made), account: acc, agent: agent, since: time.Now()}
	a.sessions[s.id] = s
	a.cookie = s.id
	return s
}

func (a *API) end(id, reason string) {
	if a.sessions[id] != nil {
		delete(a.sessions, id)
		a.ended[id] = reason
	}
}

// grant is an AuthPayload with a new access token.
func (a *API) grant(s *live) answer {
	a.made++
	s.generation++
	enc := base64.RawURLEncoding.EncodeToString
	iat := float64(time.Now().UnixMilli()) / 1000
	claims := fmt.Sprintf(`{"iat":%f,"exp":%f,"sub":%q,"sid":%q,"jti":"j%d","gen":%d}`, iat, iat+a.Life.Seconds(), s.account.id, s.id, a.made, s.generation)
	token := enc([]byte(`{"alg":"EdDSA"}`)) + "." + enc([]byte(claims)) + "." + enc([]byte("a signature"))
	a.tokens[token] = s.id
	return answer{"accessToken": token, "user": s.account.user()}
}

func (a *account) user() answer { return answer{"id": a.id, "email": a.email, "name": a.name} }

func (a *API) list(asking *live) []answer {
	list := []answer{}
	for _, s := range a.sessions {
		if s.account == asking.account {
			at := s.since.UTC().Format(time.RFC3339)
			list = append(list, answer{
				"id": s.id, "createdAt": at, "lastUsedAt": at, "expiresAt": at, "userAgent": s.agent, "ip": "192.0.2.1",
				"current": s == asking,
			})
		}
	}
	return list
}

// post publishes a post; a title of "" is made of its number.
func (a *API) post(acc *account, title, body string) map[string]any {
	acc.written++
	n := strconv.Itoa(acc.written)
	if title == "" {
		title = "Post " + n
	}
	p := answer{"id": acc.id + "-post" + n, "title": title, "body": body, "createdAt": time.Now().UTC().Format(time.RFC3339)}
	acc.posts = append([]map[string]any{p}, acc.posts...)
	return p
}

// page returns the first of those in all that follow the one with the id after.
func page(all []map[string]any, first int, after string) []map[string]any {
	list := all
	for i, x := range all {
		if x["id"] == after {
			list = all[i+1:]
		}
	}
	return append([]map[string]any{}, list[:min(first, len(list))]...)
}

func (acc *account) remove(op, id string) answer {
	for i, p := range acc.posts {
		if p["id"] == id {
			acc.posts = append(acc.posts[:i:i], acc.posts[i+1:]...)
			return data(op, true)
		}
	}
	return refusal(Problem{Code: "NOT_FOUND", Message: "There is no such post."})
}
