package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/store"
)

func nothing() error { return nil }

// Whatever waits while a transaction runs becomes one group. Each of it has its own outcome all the same.
func TestAGroupHasAnOutcomeForEach(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "latchkey.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	running, release := make(chan struct{}), make(chan struct{})
	refused := errors.New("refused")
	given, giveUp := context.WithCancel(t.Context())
	outcomes := map[string]error{}
	var mu sync.Mutex
	var callers sync.WaitGroup
	start := func(ctx context.Context, kind string, then func() error) {
		before := s.Queued()
		callers.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					mu.Lock()
					defer mu.Unlock()
					outcomes[kind] = errors.New(v.(string))
				}
			}()
			err := s.Insert(ctx, kind, then)
			mu.Lock()
			defer mu.Unlock()
			outcomes[kind] = err
		})
		for kind != "the first" && s.Queued() == before {
			runtime.Gosched()
		}
	}
	start(t.Context(), "the first", func() error { close(running); <-release; return nil })
	<-running
	start(t.Context(), "a", nothing)
	start(t.Context(), "b fails", func() error { return refused })
	start(t.Context(), "c", nothing)
	start(t.Context(), "d panics", func() error { panic("on purpose") })
	start(given, "e gave up", nothing)
	start(t.Context(), "f", nothing)
	giveUp()
	for s.Queued() != 5 {
		runtime.Gosched()
	}
	close(release)
	callers.Wait()
	if got, want := s.Inserted(t), []string{"a", "c", "f", "the first"}; !slices.Equal(got, want) {
		t.Errorf("committed: %q, want %q", got, want)
	}
	for kind, want := range map[string]string{
		"the first": "", "a": "", "b fails": "refused", "c": "", "d panics": "on purpose", "e gave up": "context canceled", "f": "",
	} {
		got := ""
		if err := outcomes[kind]; err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

// What waits when the store is closed is told so, and what runs is carried through.
func TestCloseWaitsForTheGroup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s, err := store.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	running, release := make(chan struct{}), make(chan struct{})
	var first, second error
	var callers sync.WaitGroup
	callers.Go(func() {
		first = s.Insert(t.Context(), "first", func() error { close(running); <-release; return nil })
	})
	<-running
	callers.Go(func() { second = s.Insert(t.Context(), "second", nothing) })
	for s.Queued() == 0 {
		runtime.Gosched()
	}
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	for s.Queued() != 0 {
		runtime.Gosched()
	}
	close(release)
	if err := <-closed; err != nil {
		t.Error("closing:", err)
	}
	callers.Wait()
	if first != nil || second == nil {
		t.Errorf("the first write %v, the second %v: want none and one", first, second)
	}
	s, err = store.Open(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := s.Inserted(t); !slices.Equal(got, []string{"first"}) {
		t.Errorf("committed: %q", got)
	}
}
