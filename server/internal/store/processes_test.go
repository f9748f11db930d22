package store_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// Several servers on one PostgreSQL: each has a store and a service of its own, as each process does.

var settings = auth.Config{Issuer: "https://app.example", Recovery: time.Hour}

// processes starts n servers at the same moment on a database where there is nothing yet.
func processes(t *testing.T, n int) []*auth.Service {
	t.Helper()
	dsn := pgtest.Database(t)
	services := make([]*auth.Service, n)
	var wg sync.WaitGroup
	for i := range services {
		wg.Go(func() {
			s, err := store.Open(context.Background(), dsn, nil)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			if services[i], err = auth.New(context.Background(), s, settings); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return services
}

func signUp(t *testing.T, s *auth.Service) auth.Grant {
	t.Helper()
	g, err := s.SignUp(t.Context(), "ada@example.com", "correct horse battery", "", auth.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestRacingFirstStartsShareTheirKeys(t *testing.T) {
	t.Parallel()
	all := processes(t, 6)
	g := signUp(t, all[0])
	for i, s := range all {
		if !bytes.Equal(s.JWKS(), all[0].JWKS()) {
			t.Errorf("process %d publishes keys of its own", i)
		}
		if _, err := s.Authenticate(t.Context(), g.AccessToken, true); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
}

// An access token of a session that another process ended is refused one second later at the latest.
func TestEndingsReachTheOtherProcess(t *testing.T) {
	t.Parallel()
	all := processes(t, 2)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := all[1].Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer stop()
	g := signUp(t, all[0])
	id, err := all[1].Authenticate(ctx, g.AccessToken, true)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := all[0].LogoutEverywhere(ctx, auth.Visitor{}, id); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	ended := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		asked := time.Since(ended)
		_, err := all[1].Authenticate(ctx, g.AccessToken, true)
		if e := (*auth.Error)(nil); errors.As(err, &e) && e.Reason == auth.ReasonLoggedOut {
			t.Logf("known %v after the ending", time.Since(ended))
			return
		}
		if err != nil || asked > time.Second {
			t.Fatalf("asked %v after the ending: %v", asked, err)
		}
	}
}

func TestRacingRotationsOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	all := processes(t, 3)
	token := signUp(t, all[0]).RefreshToken
	for round := range 10 {
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			given = map[string]int{}
		)
		gate := make(chan struct{})
		for i := range 24 {
			wg.Go(func() {
				<-gate
				g, err := all[i%len(all)].Refresh(context.Background(), auth.Visitor{Tokens: []string{token}}, auth.RefreshOptions{})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				given[g.RefreshToken]++
			})
		}
		close(gate)
		wg.Wait()
		if len(given) != 1 || given[token] > 0 || given[""] > 0 {
			t.Fatalf("round %d: the successors are %d, want one", round, len(given))
		}
		for token = range given {
		}
	}
}
