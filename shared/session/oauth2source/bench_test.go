package oauth2source_test

import (
	"net/http"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"example.com/latchkey/shared/session/oauth2source"
)

// still answers at once, so that what is measured is what stands above it.
type still struct{}

func (still) RoundTrip(req *http.Request) (*http.Response, error) {
	return answer(req, http.StatusOK, ""), nil
}

// BenchmarkTransports sets the session's own transport beside oauth2's, with a token that never changes, with the
// session's tokens cached, and with the session asked each time.
func BenchmarkTransports(b *testing.B) {
	s := login(b, &api{life: time.Hour})
	src := oauth2source.New(b.Context(), s)
	tok, err := src.Token()
	if err != nil {
		b.Fatal(err)
	}
	transports := []struct {
		name string
		rt   http.RoundTripper
	}{
		{"bare", still{}},
		{"session", s.Transport(still{})},
		{"oauth2/static", &oauth2.Transport{Source: oauth2.StaticTokenSource(tok), Base: still{}}},
		{"oauth2/cached", &oauth2.Transport{Source: oauth2.ReuseTokenSource(nil, src), Base: still{}}},
		{"oauth2/asked", &oauth2.Transport{Source: src, Base: still{}}},
	}
	for _, transport := range transports {
		b.Run(transport.name, func(b *testing.B) {
			req, err := http.NewRequest(http.MethodGet, "https://app.example/graphql", nil)
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("Accept", "application/json")
			b.ReportAllocs()
			for b.Loop() {
				resp, err := transport.rt.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}
