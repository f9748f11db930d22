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
		wait, err := s.AddFailure(ctx, l)
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
			wait, err := stores[i%2].AddFailure(ctx, limit)
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

// keepAll is a retention by which nothing goes.
var keepAll = auth.Retention{Grace: time.Hour, Recovery: 24 * time.Hour, Idle: 1000 * time.Hour, Sessions: 1000 * time.Hour, Failures: 1000 * time.Hour}

func (f *fixture) prune(s Store, r auth.Retention, limit int) int {
	f.t.Helper()
	n, err := s.Prune(ctx, r, limit)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}

func testPruneSeals(t *testing.T, f *fixture) {
	for _, row := range []struct {
		name                          string
		superseded, expires, nextSeen time.Duration // ago; 0: not seen
		gone                          bool
	}{
		{"within its grace", 30 * time.Hour, -time.Minute, 30 * time.Hour, false},
		{"recoverable", 23 * time.Hour, 22 * time.Hour, 0, false},
		{"too late to recover", 25 * time.Hour, 22 * time.Hour, 0, true},
		{"successor seen for longer than the grace", 3 * time.Hour, 2 * time.Hour, 61 * time.Minute, true},
		{"successor seen for less", 3 * time.Hour, 2 * time.Hour, 59 * time.Minute, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := f.process()
			_, o := f.account(s, 30*time.Hour)
			var next string
			f.present(s, o.Token.ID, func(snap auth.Snapshot) auth.Change {
				c := rotation(snap)
				next = c.Succession.Next.ID
				c.Succession.At, c.Succession.ExpiresAt = snap.Now.Add(-row.superseded), snap.Now.Add(-row.expires)
				return c
			})
			if row.nextSeen > 0 {
				f.present(s, next, func(snap auth.Snapshot) auth.Change { return auth.Change{SeenAt: snap.Now.Add(-row.nextSeen)} })
			}
			f.prune(s, keepAll, 10)
			snap := f.look(s, o.Token.ID)
			if gone := snap.Token.Sealed == nil; gone != row.gone {
				t.Errorf("seal gone: %v", gone)
			}
			if len(snap.Token.Hash) == 0 {
				t.Error("the hash is gone")
			}
			if n := f.prune(s, keepAll, 10); n != 0 {
				t.Errorf("%d more at once after", n)
			}
		})
	}
}

func testPruneTokens(t *testing.T, f *fixture) {
	s := f.process()
	a, used := f.account(s, 5*time.Hour)
	current := f.rotate(s, used.Token.ID)
	old := []auth.Opening{f.session(s, a.ID, 5*time.Hour), f.session(s, a.ID, 5*time.Hour), f.session(s, a.ID, 5*time.Hour)}
	r := keepAll
	r.Idle = 6 * time.Hour
	if n := f.prune(s, r, 10); n != 0 {
		t.Errorf("pruned %d that a jar may still hold", n)
	}
	r.Idle = 4 * time.Hour
	if n := f.prune(s, r, 10); n != 1 {
		t.Errorf("pruned %d superseded tokens, want 1", n)
	}
	wantIs(t, s.Present(ctx, used.Token.ID, nil), auth.ErrNotFound)
	f.look(s, current)
	f.look(s, old[0].Token.ID)
	r.Sessions = 4 * time.Hour
	if first, second, third := f.prune(s, r, 2), f.prune(s, r, 2), f.prune(s, r, 2); first != 2 || second != 1 || third != 0 {
		t.Errorf("pruned %d, %d, %d sessions in steps of 2", first, second, third)
	}
	for _, o := range old {
		wantIs(t, s.Present(ctx, o.Token.ID, nil), auth.ErrNotFound)
		_, err := s.Ending(ctx, o.Session.ID)
		wantIs(t, err, auth.ErrNotFound)
	}
	f.look(s, current)
}

func testPruneFailures(t *testing.T, f *fixture) {
	s := f.process()
	limit := auth.Limit{Subjects: []string{"ada", "192.0.2.1", "eve"}, Max: 1, Window: time.Hour}
	if _, err := s.AddFailure(ctx, limit); err != nil {
		t.Fatal(err)
	}
	if n := f.prune(s, keepAll, 10); n != 0 {
		t.Errorf("pruned %d", n)
	}
	r := keepAll
	r.Failures = -time.Minute // counted from a minute hence, when all are past
	if n := f.prune(s, r, 10); n != 3 {
		t.Errorf("pruned %d, want 3", n)
	}
	if wait, err := s.Blocked(ctx, limit); wait != 0 || err != nil {
		t.Errorf("blocked for %v, %v", wait, err)
	}
}
