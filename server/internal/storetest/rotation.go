package storetest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// servers starts three servers on one database, which run until stop is called.
func (f *fixture) servers() (stores []Store, services []*auth.Service, stop func()) {
	f.t.Helper()
	run, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for range 3 {
		s := f.process()
		service := startService(f.t, s)
		stores, services = append(stores, s), append(services, service)
		running.Go(func() {
			if err := service.Run(run); err != nil {
				f.t.Error(err)
			}
		})
	}
	return stores, services, func() {
		cancel()
		running.Wait()
	}
}

func startService(t *testing.T, s Store) *auth.Service {
	t.Helper()
	service, err := auth.New(ctx, s, auth.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// testRotatingKeys has servers on one database while a key takes over from another and then is dropped: at no moment
// does one refuse what another signs.
func testRotatingKeys(t *testing.T, f *fixture) {
	stores, services, stop := f.servers()
	defer stop()
	r := &rotating{f: f, services: services}
	r.signUp()
	first := r.round()

	second, err := auth.RotateKeys(ctx, stores[0], nil)
	if err != nil || second.State != auth.KeyAnnounced {
		t.Fatalf("announced %+v, %v", second, err)
	}
	r.until("the second is published", func() bool { return r.published(second.Kid) })
	if kid := r.round(); kid != first {
		t.Errorf("%s signs, which is announced only", kid)
	}
	// Ten minutes pass.
	f.changeKeys(stores[1], func(now time.Time, keys []auth.Key) auth.KeyChange {
		newest := keys[len(keys)-1]
		newest.ActivatesAt = now
		return auth.KeyChange{Put: []auth.Key{newest}}
	})
	r.until("the second signs everywhere", func() bool { return r.signedBy(second.Kid) })
	r.verified()

	third, err := auth.ReplaceKeys(ctx, stores[2], nil)
	if err != nil {
		t.Fatal(err)
	}
	// What it signs is good everywhere at once; what was signed before soon is nowhere.
	if g, err := startService(t, stores[0]).Login(ctx, rotatingEmail, rotatingPassword, auth.Visitor{}); err != nil {
		t.Error(err)
	} else if kid := kidOf(t, g.AccessToken); kid != third.Kid {
		t.Errorf("%s signs after it was dropped", kid)
	} else {
		r.verifiedBy("at once", g.AccessToken)
	}
	r.until("what the second signed is refused", func() bool {
		for _, s := range r.services {
			for _, token := range r.tokens {
				if _, err := s.Authenticate(ctx, token, true); err == nil {
					return false
				}
			}
		}
		return true
	})
	r.tokens = nil
	if kid := r.round(); kid != third.Kid {
		t.Errorf("%s signs after it was dropped", kid)
	}
}

const rotatingEmail, rotatingPassword = "ada@example.com", "correct horse battery"

// rotating is a session on several servers while their keys rotate.
type rotating struct {
	f        *fixture
	services []*auth.Service
	refresh  string
	tokens   []string // every access token so far
	next     int      // the server that is asked next
}

func (r *rotating) signUp() {
	r.f.t.Helper()
	g, err := r.services[0].SignUp(ctx, rotatingEmail, rotatingPassword, "", auth.Visitor{})
	if err != nil {
		r.f.t.Fatal(err)
	}
	r.refresh = g.RefreshToken
}

// round has the next server sign an access token, and every server verify all. It returns the key that has signed it.
func (r *rotating) round() string {
	r.f.t.Helper()
	g, err := r.services[r.next].Refresh(ctx, auth.Visitor{Tokens: []string{r.refresh}}, auth.RefreshOptions{})
	if err != nil {
		r.f.t.Fatal(err)
	}
	r.next = (r.next + 1) % len(r.services)
	r.refresh = g.RefreshToken
	r.tokens = append(r.tokens, g.AccessToken)
	r.verified()
	return kidOf(r.f.t, g.AccessToken)
}

// signedBy reports whether every server signs with the key.
func (r *rotating) signedBy(kid string) bool {
	r.f.t.Helper()
	all := true
	for range r.services {
		all = r.round() == kid && all
	}
	return all
}

func (r *rotating) verified() {
	r.f.t.Helper()
	r.verifiedBy("rotating", r.tokens...)
}

func (r *rotating) verifiedBy(when string, tokens ...string) {
	r.f.t.Helper()
	for i, s := range r.services {
		for j, token := range tokens {
			if _, err := s.Authenticate(ctx, token, true); err != nil {
				r.f.t.Errorf("%s: server %d refuses token %d: %v", when, i, j, err)
			}
		}
	}
}

// published reports whether every server publishes the key.
func (r *rotating) published(kid string) bool {
	for _, s := range r.services {
		if !strings.Contains(string(s.JWKS()), kid) {
			return false
		}
	}
	return true
}

// until waits until ok, which a second is enough for where nothing else keeps the machine.
func (r *rotating) until(what string, ok func() bool) {
	r.f.t.Helper()
	late := time.After(20 * time.Second)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-late:
			r.f.t.Fatalf("not in 20 s: %s", what)
		}
	}
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		t.Fatal(err)
	}
	var header struct{ Kid string }
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}
