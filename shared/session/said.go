package session

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/hasura/go-graphql-client"
)

// said makes an Error of an answer whose status is not 200. Where its body is not a GraphQL error (a proxy's page,
// say) the status alone counts, and nothing of the body is kept.
func said(resp *http.Response, list graphql.Errors) *Error {
	e := fromGraphQL(list)
	e.Status = resp.StatusCode
	if e.Code == "" {
		e.Code = codeOf(resp.StatusCode)
	}
	if e.Message == "" {
		e.Message = http.StatusText(resp.StatusCode)
	}
	e.RetryAfter = max(e.RetryAfter, retryAfter(resp.Header))
	return e
}

// fromGraphQL makes an Error of the errors of one answer: of the first that has a code.
func fromGraphQL(list graphql.Errors) *Error {
	e := &Error{Status: http.StatusOK}
	for i, one := range list {
		code, _ := one.Extensions["code"].(string)
		if code == "" && i > 0 {
			continue
		}
		reason, _ := one.Extensions["reason"].(string)
		field, _ := one.Extensions["field"].(string)
		wait, _ := one.Extensions["retryAfter"].(float64)
		e.Code, e.Reason, e.Field, e.Message = Code(code), Reason(reason), field, one.Message
		e.RetryAfter = seconds(wait)
		if code != "" {
			break
		}
	}
	return e
}

// codeOf is the code of an answer that names none.
func codeOf(status int) Code {
	switch {
	case status == http.StatusUnauthorized:
		return CodeUnauthenticated
	case status == http.StatusForbidden:
		return CodeForbidden
	case status == http.StatusTooManyRequests:
		return CodeRateLimited
	case status >= 500:
		return CodeInternal
	}
	return ""
}

// retryAfter reads a Retry-After (RFC 9110 §10.2.3): seconds, or a date, which is taken against the answer's own
// Date, for the local clock may be wrong. 0 where there is none, or none to be understood.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		return seconds(s)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(0, at.Sub(now))
}

// seconds is s as a duration; 0 where s is negative or not a number, and no more than a year.
func seconds(s float64) time.Duration {
	const year = 365 * 24 * 60 * 60
	if !(s > 0) {
		return 0
	}
	return time.Duration(math.Min(s, year) * float64(time.Second))
}
