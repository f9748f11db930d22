package screen_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// again answers every request for posts as the first was answered, so that what is measured is the client.
type again struct {
	http.RoundTripper
	resp *http.Response
	body []byte
}

func (a *again) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Authorization") == "" {
		return a.RoundTripper.RoundTrip(req)
	}
	if a.resp == nil {
		resp, err := a.RoundTripper.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if a.body, err = io.ReadAll(resp.Body); err != nil {
			return nil, err
		}
		a.resp = resp
	}
	resp := *a.resp
	resp.Body = io.NopCloser(bytes.NewReader(a.body))
	return &resp, nil
}

// BenchmarkPage is what the client does for one page of ten posts: the query, the answer's JSON, the HTML.
func BenchmarkPage(b *testing.B) {
	api := screentest.New()
	api.Enter(ann)
	api.Fill(ann, 20)
	s, err := session.New("https://app.example/graphql", session.WithTransport(&again{RoundTripper: api}), session.WithJar(nil))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Resume(b.Context()); err != nil {
		b.Fatal(err)
	}
	app := screen.New(s)
	token := ui.TokenView{Running: true, Expiry: "4:31", Next: "3:46", Refreshes: 12}
	var html bytes.Buffer
	for b.Loop() {
		html.Reset()
		if err := app.Show(b.Context(), screen.PostsPath).Render(context.Background(), &html, token); err != nil {
			b.Fatal(err)
		}
	}
	if n := strings.Count(html.String(), "<article"); n != 10 {
		b.Fatalf("the page has %d posts, want 10", n)
	}
}
