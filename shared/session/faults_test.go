package session_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/shared/session"
)

// no is a refusal, for what is only like one.
const no = `"errors":[{"message":"no","extensions":{"code":"UNAUTHENTICATED","reason":"REVOKED"}}]`

// page is an answer, with headers in pairs.
func page(status int, body string, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
	for i := 0; i+1 < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// always answers with what page makes of the same arguments.
func always(status int, body string, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return page(status, body, header...), nil }
}

// reading answers with a body that is read from r.
func reading(r io.Reader) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		resp := page(200, "")
		resp.Body = io.NopCloser(r)
		return resp, nil
	}
}

// faults are what may come instead of a token and is not a no.
var faults = []struct {
	name   string
	answer func() (*http.Response, error)
	is     error         // what the observers are told
	wait   time.Duration // that the server asks for
}{
	{"no connection", func() (*http.Response, error) { return nil, errCut }, errCut, 0},
	{"a no, cut in the middle", always(200, `{"data":null,`+no[:60]), session.ErrUnreachable, 0},
	{"a no, cut at the end", always(200, `{"data":null,`+no), session.ErrUnreachable, 0},
	{"a no, but the length is wrong", reading(io.MultiReader(strings.NewReader(`{`+no+`}`), failing{})), io.ErrUnexpectedEOF, 0},
	{"nothing", always(200, ""), session.ErrUnreachable, 0},
	{"a captive portal", always(200, "<html>Welcome to our hotel"), session.ErrUnreachable, 0},
	{"JSON of something else", always(200, `{"ok":true}`), session.ErrUnreachable, 0},
	{"no payload", always(200, `{"data":{}}`), session.ErrUnreachable, 0},
	{"a no without an end", reading(io.MultiReader(strings.NewReader(`{`+no+`}`), endless{})), session.ErrUnreachable, 0},
	{"a redirect", always(307, "", "Location", "https://evil.example/"), nil, 0},
	{"forbidden", always(403, "<html>"), session.ErrForbidden, 0},
	{"too many", always(429, "", "Retry-After", "20"), session.ErrRateLimited, 20 * time.Second},
	{"unavailable until", always(503, "", "Date", "Tue, 03 Jan 2006 10:00:00 GMT", "Retry-After", "Tue, 03 Jan 2006 10:01:00 GMT"),
		session.ErrInternal, time.Minute},
	{"unavailable for a day", always(503, "", "Retry-After", "86400"), session.ErrInternal, 5 * time.Minute},
	{"too many until next year", always(429, "", "Date", "Tue, 03 Jan 2006 10:00:00 GMT", "Retry-After", "Wed, 03 Jan 2007 10:00:00 GMT"),
		session.ErrRateLimited, 5 * time.Minute},
	{"unavailable until yesterday", always(503, "", "Date", "Tue, 03 Jan 2006 10:00:00 GMT", "Retry-After", "Mon, 02 Jan 2006 10:00:00 GMT"),
		session.ErrInternal, 0},
	{"a 502 that quotes a no", always(502, `{`+no+`}`), session.ErrUnauthenticated, 0},
	{"rate limited in words", always(200, `{"errors":[{"message":"slow","extensions":{"code":"RATE_LIMITED","retryAfter":7}}]}`),
		session.ErrRateLimited, 7 * time.Second},
	{"internal error", always(200, `{"errors":[{"message":"oops","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`), session.ErrInternal, 0},
}

// Rule W3: one at a time, until the server has spoken, and whatever goes wrong on the way is not a no.
func TestFaultsDoNotEndASession(t *testing.T) {
	for _, test := range faults {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, f *fake) {
				s := login(t, f)
				var broken atomic.Bool
				broken.Store(true)
				var fault atomic.Value
				s.Observe(func(st session.State) {
					if st.Err != nil {
						fault.Store(st.Err)
					}
				})
				f.over(func(_ string, req *http.Request, next http.RoundTripper) (*http.Response, error) {
					if broken.Swap(false) {
						return test.answer()
					}
					return next.RoundTrip(req)
				})
				start := time.Now()
				if err := s.Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < test.wait || took > test.wait+time.Second {
					t.Errorf("tried again after %v, want %v and a little", took, test.wait)
				}
				wantPhase(t, s, session.Active, "")
				err, _ := fault.Load().(error)
				if err == nil || test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("the fault told is %v, want %v", err, test.is)
				}
			})
		})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// An HTTP 401 is a no, whoever wrote its body.
func TestUnauthorizedIsSpoken(t *testing.T) {
	bubble(t, func(t *testing.T, f *fake) {
		s := login(t, f)
		f.over(func(string, *http.Request, http.RoundTripper) (*http.Response, error) {
			return &http.Response{StatusCode: 401, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<html>"))}, nil
		})
		err := s.Resume(t.Context())
		var e *session.Error
		if !errors.As(err, &e) || e.Status != 401 || !errors.Is(err, session.ErrUnauthenticated) {
			t.Errorf("err = %v", err)
		}
		wantPhase(t, s, session.Ended, "")
	})
}
