package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"example.com/latchkey/shared/session"
)

func TestErrorKinds(t *testing.T) {
	all := []error{session.ErrUnauthenticated, session.ErrInvalidCredentials, session.ErrForbidden, session.ErrNotFound,
		session.ErrBadInput, session.ErrEmailTaken, session.ErrRateLimited, session.ErrInternal, session.ErrUnreachable, session.ErrClosed}
	tests := []struct {
		name string
		err  session.Error
		is   []error
		text string
	}{
		{"ended", session.Error{Code: "UNAUTHENTICATED", Reason: "IDLE"}, all[:1], "session: UNAUTHENTICATED (IDLE)"},
		{"wrong password", session.Error{Code: "UNAUTHENTICATED", Reason: "INVALID_CREDENTIALS", Message: "wrong"}, all[:2], "session: UNAUTHENTICATED (INVALID_CREDENTIALS): wrong"},
		{"forbidden", session.Error{Code: "FORBIDDEN"}, all[2:3], "session: FORBIDDEN"},
		{"not found", session.Error{Code: "NOT_FOUND"}, all[3:4], "session: NOT_FOUND"},
		{"bad input", session.Error{Code: "BAD_USER_INPUT", Field: "title", Message: "too long"}, all[4:5], "session: BAD_USER_INPUT: too long"},
		{"taken", session.Error{Code: "EMAIL_TAKEN"}, all[5:6], "session: EMAIL_TAKEN"},
		{"slow down", session.Error{Code: "RATE_LIMITED"}, all[6:7], "session: RATE_LIMITED"},
		{"internal", session.Error{Code: "INTERNAL_SERVER_ERROR"}, all[7:8], "session: INTERNAL_SERVER_ERROR"},
		{"unknown code", session.Error{Code: "TEAPOT"}, nil, "session: TEAPOT"},
		{"no code", session.Error{Message: "Not Found"}, nil, "session: unexpected answer: Not Found"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			is := map[error]bool{}
			for _, kind := range test.is {
				is[kind] = true
			}
			for _, kind := range all {
				if got := errors.Is(&test.err, kind); got != is[kind] {
					t.Errorf("is %q: %v, want %v", kind, got, is[kind])
				}
			}
			if errors.Is(&test.err, uncomparable{}) {
				t.Error("is of a kind nobody knows")
			}
			if got := test.err.Error(); got != test.text {
				t.Errorf("Error() = %q, want %q", got, test.text)
			}
		})
	}
}

type uncomparable []error

func (uncomparable) Error() string { return "" }

// answering is a server that gives every request but a login the same answer.
func answering(f *fake, status int, body string) {
	f.over(func(op string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"3"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})
}

func TestQueryErrors(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   session.Error
	}{
		{"field", 200, `{"data":null,"errors":[{"message":"too long","extensions":{"code":"BAD_USER_INPUT","field":"title"}}]}`,
			session.Error{Code: "BAD_USER_INPUT", Field: "title", Message: "too long", Status: 200}},
		{"the one with a code counts", 200, `{"errors":[{"message":"a"},{"message":"b"},{"message":"c","extensions":{"code":"NOT_FOUND"}}]}`,
			session.Error{Code: "NOT_FOUND", Message: "c", Status: 200}},
		{"none has a code", 200, `{"errors":[{"message":"a"},{"message":"b"}]}`, session.Error{Message: "a", Status: 200}},
		{"extensions of the wrong types", 200, `{"errors":[{"message":"a","extensions":{"code":1,"reason":{},"field":[],"retryAfter":"x"}}]}`,
			session.Error{Message: "a", Status: 200}},
		{"a 422 with a code", 422, `{"errors":[{"message":"a","extensions":{"code":"BAD_USER_INPUT"}}]}`,
			session.Error{Code: "BAD_USER_INPUT", Message: "a", Status: 422, RetryAfter: 3e9}},
		{"a proxy's page", 503, `<html>the body is nobody's business</html>`,
			session.Error{Code: "INTERNAL_SERVER_ERROR", Message: "Service Unavailable", Status: 503, RetryAfter: 3e9}},
		{"the wrong path", 404, `404 page not found`, session.Error{Message: "Not Found", Status: 404, RetryAfter: 3e9}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				s := login(t, f)
				answering(f, test.status, test.body)
				err := me(t.Context(), s)
				var e *session.Error
				if !errors.As(err, &e) || *e != test.want {
					t.Errorf("err = %+v, want %+v", err, test.want)
				}
				if err != error(e) {
					t.Errorf("the error is wrapped: %v", err)
				}
				wantPhase(t, s, session.Active, "")
				if n := len(f.seen("")); n != 1 {
					t.Errorf("%d calls: was it tried again?", n)
				}
			})
		})
	}
}

func TestPartialAnswerIsThere(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		answering(f, 200, `{"data":{"me":{"email":"ann@example.com"},"posts":null},"errors":[{"message":"a","extensions":{"code":"NOT_FOUND"}}]}`)
		var q struct {
			Me    struct{ Email string }
			Posts []struct{ ID string }
		}
		if err := s.Query(t.Context(), &q, nil); !errors.Is(err, session.ErrNotFound) || q.Me.Email != email {
			t.Errorf("%+v, %v", q, err)
		}
	})
}

func TestQueryThatFailsOnTheWay(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		f.over(func(string, *http.Request, http.RoundTripper) (*http.Response, error) { return nil, errCut })
		if err := me(t.Context(), s); !errors.Is(err, session.ErrUnreachable) || !errors.Is(err, errCut) || strings.Contains(err.Error(), "Post") {
			t.Errorf("err = %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		f.over(func(_ string, req *http.Request, _ http.RoundTripper) (*http.Response, error) {
			cancel()
			return nil, errCut
		})
		if err := me(ctx, s); !errors.Is(err, context.Canceled) || errors.Is(err, session.ErrUnreachable) {
			t.Errorf("err = %v, want the context's", err)
		}
		for _, body := range []string{"", "<html>", `{"data":{"me":`, `{"data":null}`, `{"ok":true}`, `[]`, `{"data":null,"errors":[]}`, `{"data":{"me":{"email":"x"}},"errors":7}`} {
			answering(f, 200, body)
			if err := me(t.Context(), s); !errors.Is(err, session.ErrUnreachable) {
				t.Errorf("%q for an answer: %v", body, err)
			}
		}
		answering(f, 200, `{"data":{"me":{"email":{}}}}`)
		if err := me(t.Context(), s); err == nil || errors.Is(err, session.ErrUnreachable) {
			t.Errorf("an answer of another shape: %v", err)
		}
	})
}

// What comes after the caller has given up is thrown away, be it whole; and every body is closed.
func TestBodyThatComesTooLate(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		var left atomic.Int32
		f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil {
				left.Add(1)
				resp.Body = &tracked{Reader: io.MultiReader(resp.Body, readFunc(cancel)), open: &left}
			}
			return resp, err
		})
		if err := me(ctx, s); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want the context's", err)
		}
		if err := s.Resume(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if left.Load() != 0 {
			t.Errorf("%d bodies left open", left.Load())
		}
	})
}

// readFunc is called at the end of what is read.
type readFunc func()

func (f readFunc) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

func TestImpossibleOperationsAreErrors(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		for _, q := range []any{nil, &struct{ Me map[string]string }{}, 7} {
			if err := s.Query(t.Context(), q, nil); err == nil {
				t.Errorf("Query(%T) works", q)
			}
			if err := s.Mutate(t.Context(), q, nil); err == nil {
				t.Errorf("Mutate(%T) works", q)
			}
		}
	})
}

func TestErrorsHoldNoPassword(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := open(t, f)
		quoted, _ := json.Marshal("unexpected value " + password)
		for status, body := range map[int]string{
			200: `{"errors":[{"message":` + string(quoted) + `,"extensions":{"code":"BAD_USER_INPUT"}}]}`,
			500: `{"errors":[{"message":` + string(quoted) + `}]}`,
			502: "you sent " + password,
			201: "you sent " + password,
		} {
			answering(f, status, body)
			if err := s.Login(t.Context(), email, password); err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("Login: %v", err)
			}
			if err := s.SignUp(t.Context(), email, password, ""); err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("SignUp: %v", err)
			}
		}
	})
}
