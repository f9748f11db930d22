package session_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// still answers at once, so that what is measured is what stands above it.
type still struct{}

func (still) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
}

// BenchmarkTransport shows what the session's Transport costs a request: beside a bare transport, from one goroutine
// and from as many as there are processors. The difference is the copy of the request and of its header, which a
// RoundTripper may not change, and the header that is added: seven allocations.
func BenchmarkTransport(b *testing.B) {
	s := login(b, newFake())
	transports := []struct {
		name string
		rt   http.RoundTripper
	}{
		{"bare", still{}},
		{"session", s.Transport(still{})},
	}
	for _, transport := range transports {
		req, err := http.NewRequest("GET", "https://app.example/graphql", nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Accept", "application/json")
		send := func(b *testing.B) {
			resp, err := transport.rt.RoundTrip(req)
			if err != nil {
				b.Error(err)
				return
			}
			_ = resp.Body.Close()
		}
		b.Run(transport.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				send(b)
			}
		})
		b.Run(transport.name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					send(b)
				}
			})
		})
	}
}

// BenchmarkToken is a token that is there.
func BenchmarkToken(b *testing.B) {
	s := login(b, newFake())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Token(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
