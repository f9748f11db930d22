package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

// fleet is several processes on one database.
type fleet struct {
	*world
	processes []*auth.Service
	grant     auth.Grant // of a session that lives throughout
}

func newFleet(t *testing.T, w *world, configs ...auth.Config) *fleet {
	t.Helper()
	f := &fleet{world: w, grant: w.signUp()}
	for _, cfg := range configs {
		_, s := open(t, w.path, cfg, &bytes.Buffer{})
		f.processes = append(f.processes, s)
	}
	return f
}

// run keeps the first n processes running until stop is called. The others read the keys when they are asked.
func (f *fleet) run(n int) (stop func()) {
	ctx, cancel := context.WithCancel(f.ctx)
	var running sync.WaitGroup
	for _, s := range f.processes[:n] {
		running.Go(func() {
			if err := s.Run(ctx); err != nil {
				f.t.Error(err)
			}
		})
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// token is a new access token that the process signs, and its key.
func (f *fleet) token(process int) (token, kid string) {
	f.t.Helper()
	g, err := f.processes[process].Refresh(f.ctx, from(f.grant.RefreshToken), plain)
	if err != nil {
		f.t.Fatalf("process %d: %v (%v)", process, err, errors.Unwrap(err))
	}
	if g.RefreshToken != "" {
		f.grant = g
	}
	return g.AccessToken, part(f.t, g.AccessToken, 0)["kid"].(string)
}

// verified holds that every process takes the tokens.
func (f *fleet) verified(when string, tokens ...string) {
	f.t.Helper()
	for i, s := range f.processes {
		for j, token := range tokens {
			if _, err := s.Authenticate(f.ctx, token, true); err != nil {
				f.t.Errorf("%s: process %d refuses token %d: %v (%v)", when, i, j, err, errors.Unwrap(err))
			}
		}
	}
}

// published holds that every process publishes these keys, in any order.
func (f *fleet) published(when string, want ...string) {
	f.t.Helper()
	for i, s := range f.processes {
		var set struct{ Keys []struct{ Kid string } }
		if err := json.Unmarshal(s.JWKS(), &set); err != nil {
			f.t.Fatal(err)
		}
		var got []string
		for _, k := range set.Keys {
			got = append(got, k.Kid)
		}
		if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
			f.t.Errorf("%s: process %d publishes %v, want %v", when, i, got, want)
		}
	}
}

// states returns the keys with their states, in the order in which they sign.
func (f *fleet) states() (all []string) {
	f.t.Helper()
	keys, err := auth.ListKeys(f.ctx, f.store)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, k := range keys {
		all = append(all, string(k.State)+" "+k.Kid)
	}
	return all
}

func (f *fleet) wantStates(when string, want ...string) {
	f.t.Helper()
	if diff := cmp.Diff(want, f.states()); diff != "" {
		f.t.Errorf("%s: keys (-want +got):\n%s", when, diff)
	}
}
