package storetest

import (
	"slices"
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
	limit := auth.Limit{Subjects: []string{"ada"}, Max: 5, Window: time.Hour}
	if counted := f.countAtOnce(limit); counted != 5 {
		t.Errorf("counted %d failures under a limit of 5", counted)
	}
}

// countAtOnce has two processes count twenty failures at once, and returns how many the limit let pass.
func (f *fixture) countAtOnce(limit auth.Limit) (counted int) {
	stores := []Store{f.process(), f.process()}
	var (
		wg sync.WaitGroup
		mu sync.Mutex // guards counted
	)
	for i := range 20 {
		wg.Go(func() {
			wait, err := stores[i%2].Count(ctx, limit)
			if err != nil {
				f.t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if wait == 0 {
				counted++
			}
		})
	}
	wg.Wait()
	return counted
}

// inARow lets three times pass, and keeps a streak for an hour, or for no time after the fifth.
var inARow = &auth.Streak{
	Wait: func(times int) time.Duration { return time.Duration(times-2) * time.Minute },
	Keep: func(times int) time.Duration {
		if times >= 5 {
			return 0
		}
		return time.Hour
	},
}

func testStreaks(t *testing.T, f *fixture) {
	s := f.process()
	a, _ := f.account(s, 0)
	limit := func(subject string) auth.Limit {
		return auth.Limit{Subjects: []string{subject}, Max: 100, Window: time.Millisecond, Streak: inARow}
	}
	add := func(subject string) time.Duration {
		t.Helper()
		time.Sleep(2 * time.Millisecond) // out of the window
		wait, err := s.Count(ctx, limit(subject))
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	blocked := func(subject string) time.Duration {
		t.Helper()
		wait, err := f.process().Blocked(ctx, limit(subject))
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	about := func(got, want time.Duration) {
		t.Helper()
		if got > want || got < want-10*time.Second {
			t.Errorf("a wait of %v, want %v", got, want)
		}
	}
	open := func(o auth.Opening) { openWith(t, s, a.ID, o) }
	for range 3 {
		about(add("ada"), 0)
	}
	about(blocked("ada"), time.Minute)
	about(add("ada"), time.Minute) // not counted
	about(blocked("ada"), time.Minute)
	about(blocked("eve"), 0)
	open(auth.Opening{EndStreak: "eve"})
	about(blocked("ada"), time.Minute)
	open(auth.Opening{EndStreak: "ada"})
	about(blocked("ada"), 0)
	for range 3 {
		about(add("ada"), 0)
	}
	open(auth.Opening{Clear: "ada"})
	about(blocked("ada"), 0)
	noStreak(t, s)
}

// noStreak counts against no limit.
func noStreak(t *testing.T, s Store) {
	t.Helper()
	none := auth.Limit{Subjects: []string{"bob"}, Window: time.Hour, Streak: inARow}
	for range 4 {
		if wait, err := s.Count(ctx, none); wait != 0 || err != nil {
			t.Errorf("%v, %v", wait, err)
		}
	}
	none.Max = 100
	if wait, err := s.Blocked(ctx, none); wait != 0 || err != nil {
		t.Errorf("without a limit failures in a row are counted: %v, %v", wait, err)
	}
}

// openWith opens a session of the account that clears and ends what o says.
func openWith(t *testing.T, s auth.Store, userID string, o auth.Opening) {
	t.Helper()
	if err := s.OpenSession(ctx, userID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
		made := opening(userID, snap.Now, 0)
		made.Clear, made.EndStreak = o.Clear, o.EndStreak
		return made, nil
	}); err != nil {
		t.Fatal(err)
	}
}

func testRacingStreaks(t *testing.T, f *fixture) {
	limit := auth.Limit{Subjects: []string{"ada"}, Max: 100, Window: time.Hour, Streak: inARow}
	if counted := f.countAtOnce(limit); counted != 3 {
		t.Errorf("counted %d in a row, want 3", counted)
	}
}

func testPruneStreaks(t *testing.T, f *fixture) {
	s := f.process()
	kept := &auth.Streak{Wait: inARow.Wait, Keep: func(int) time.Duration { return time.Hour }}
	gone := &auth.Streak{Wait: inARow.Wait, Keep: func(int) time.Duration { return 0 }}
	for subject, streak := range map[string]*auth.Streak{"ada": kept, "bob": gone, "eve": gone} {
		for range 3 {
			if wait, err := s.Count(ctx, auth.Limit{Subjects: []string{subject}, Max: 100, Window: time.Hour, Streak: streak}); err != nil || wait > 0 && streak == kept {
				t.Fatal(wait, err)
			}
		}
	}
	blocked := func(subject string) bool {
		wait, err := s.Blocked(ctx, auth.Limit{Subjects: []string{subject}, Max: 100, Window: time.Hour, Streak: kept})
		if err != nil {
			t.Fatal(err)
		}
		return wait > 0
	}
	if !blocked("ada") || blocked("bob") {
		t.Error("a streak counts after its end, or not before it")
	}
	r := keepAll
	r.Counts = 0
	if n := f.prune(s, r, 1); n != nil {
		t.Errorf("%d are pruned where nothing counted is", n)
	}
	if n := f.prune(s, keepAll, 1); !slices.Equal(n, []int{1, 1}) {
		t.Errorf("%d are pruned, want 1 and 1", n)
	}
	if !blocked("ada") {
		t.Error("a streak is gone before its end")
	}
}
