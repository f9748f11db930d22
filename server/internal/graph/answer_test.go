package graph

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/graph/answer"
	"example.com/latchkey/server/internal/inflight"
)

// shelf is a store of posts that all have one body. It counts how often it is asked.
type shelf struct {
	blog.Store
	body  string
	asked atomic.Int32
}

func (s *shelf) Posts(_ context.Context, userID string, first int, _ string) ([]blog.Post, error) {
	s.asked.Add(1)
	list := make([]blog.Post, first)
	for i := range list {
		list[i] = blog.Post{ID: "0193", UserID: userID, Title: "Title", Body: s.body, CreatedAt: time.Unix(0, 0)}
	}
	return list, nil
}

// askShelf has a user ask for the query, with so many bytes of memory for the user's network.
func askShelf(t *testing.T, s *shelf, network int, query string) (status, length int, body string) {
	t.Helper()
	a := New(Config{Blog: blog.New(s, blog.Limits{}), Log: slog.New(slog.DiscardHandler)}).(*api)
	c, ok := inflight.New(inflight.Limits{Bytes: network}).Admit("network")
	if !ok {
		t.Fatal("the first request is refused")
	}
	ctx := withCaller(t.Context(), &caller{identity: &auth.Identity{UserID: "user"}, cookies: &cookieWriter{}})
	status, parts := a.answer(answer.NewContext(ctx, answer.New(c)), params{Query: query}, plainJSON)
	whole := bytes.Join(parts, nil)
	return status, len(whole), string(whole[:min(len(whole), 500)])
}

// A query that asks for more than an answer may hold is refused as a whole: by what it could be, by what is loaded, or by
// what it is encoded to.
func TestLargeAnswers(t *testing.T) {
	text := strings.Repeat("x", blog.MaxBody)
	control := strings.Repeat("\x01", blog.MaxBody)
	quotes := strings.Repeat("\n", blog.MaxBody)
	times := func(n int, field string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d: %s", i, field)
		}
		return "{" + b.String() + " }"
	}
	const network = 16 << 20
	for _, row := range []struct {
		name, body, query string
		network           int
		status            int
		said              string
		loads             int // at most
	}{
		{"the largest page", text, "{ posts(first: 100) { id title body createdAt } }", network, 200, "xxxxx", 1},
		{"the largest page of line ends", quotes, "{ posts(first: 100) { id title body createdAt } }", network, 200, `\n\n`, 1},
		{"a page of control characters", control, "{ posts(first: 100) { id title body createdAt } }", network, 422, "too large", 1},
		{"half of it", control, "{ posts(first: 50) { id title body createdAt } }", network, 200, `\u0001`, 1},
		{"two pages", text, times(2, "posts(first: 100) { body }"), network, 422, "complexity", 0},
		{"many pages", control, times(19, "posts(first: 100) { body }"), network, 422, "complexity", 0},
		{"many pages without bodies", text, times(19, "posts(first: 100) { id }"), network, 422, "complexity", 0},
		{"two pages without bodies", text, times(2, "posts(first: 100) { id }"), network, 200, "0193", 2},
		{"one body many times", control, "{ posts(first: 1) { " + times(150, "body")[1:] + "}", network, 422, "too large", 1},
		{"a page for a busy network", text, "{ posts(first: 100) { body } }", 1 << 20, 429, "RATE_LIMITED", 1},
		{"a page that fits half", text, "{ posts(first: 100) { body } }", 3 << 20, 429, `"retryAfter":1`, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &shelf{body: row.body}
			status, length, body := askShelf(t, s, row.network, row.query)
			if status != row.status || !strings.Contains(body, row.said) || strings.Contains(body, "INTERNAL") {
				t.Errorf("%d %s", status, body)
			}
			if row.status != 200 && (length > 400 || !strings.HasSuffix(body, `"data":null}`)) {
				t.Errorf("an error of %d bytes: %s", length, body)
			}
			if n := int(s.asked.Load()); n > row.loads {
				t.Errorf("%d lists are loaded, at most %d may be", n, row.loads)
			}
		})
	}
}

// Making the largest answer takes a few times its size, and refusing one takes no more.
func TestLargeAnswersTakeBoundedMemory(t *testing.T) {
	for _, row := range []struct {
		name, body, query string
	}{
		{"answered", strings.Repeat("\n", blog.MaxBody), "{ posts(first: 100) { body } }"},
		{"refused", strings.Repeat("\x01", blog.MaxBody), "{ posts(first: 100) { body } }"},
	} {
		bytes := allocated(func() { askShelf(t, &shelf{body: row.body}, 16<<20, row.query) })
		t.Logf("%s: %d bytes", row.name, bytes)
		if bytes > 6*answer.Max {
			t.Errorf("%s: %d bytes are allocated", row.name, bytes)
		}
	}
}
