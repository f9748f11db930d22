package storetest

import (
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

func testFailures(t *testing.T, f *fixture) {
	s := f.process()
	limit := auth.Limit{Subjects: []string{"ada", "192.0.2.1"}, Max: 2, Window: time.Hour}
	add := func(l auth.Limit) time.Duration {
		t.Helper()
		wait, err := s.Count(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	blocked := func(l auth.Limit) bool {
		t.Helper()
		wait, err := s.Blocked(ctx, l)
		if err != nil {
			t.Fatal(err)
		}
		if wait > l.Window {
			t.Errorf("a wait of %v", wait)
		}
		return wait > 0
	}
	if blocked(limit) || add(limit) != 0 || blocked(limit) || add(limit) != 0 {
		t.Error("blocked before the limit")
	}
	if !blocked(limit) || add(limit) == 0 {
		t.Error("not blocked at the limit")
	}
	for _, row := range []struct {
		name    string
		subject string
		max     int
		want    bool
	}{
		{"each subject counts", "192.0.2.1", 2, true},
		{"a blocked try is not counted", "ada", 3, false},
		{"another subject", "eve", 2, false},
		{"no limit", "ada", 0, false},
	} {
		if got := blocked(auth.Limit{Subjects: []string{row.subject}, Max: row.max, Window: time.Hour}); got != row.want {
			t.Errorf("%s: blocked %v", row.name, got)
		}
	}
}

func testRacingFailures(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	limit := auth.Limit{Subjects: []string{"ada"}, Max: 5, Window: time.Hour}
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		counted int
	)
	for i := range 20 {
		wg.Go(func() {
			wait, err := stores[i%2].Count(ctx, limit)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if wait == 0 {
				counted++
			}
		})
	}
	wg.Wait()
	if counted != 5 {
		t.Errorf("counted %d failures under a limit of 5", counted)
	}
}
