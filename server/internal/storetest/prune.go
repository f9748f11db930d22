package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// keepAll is a retention by which nothing goes of what these tests make.
var keepAll = auth.Retention{Grace: time.Hour, Recovery: 24 * time.Hour, Sessions: 1000 * time.Hour, Counts: 1000 * time.Hour, Audit: 1000 * time.Hour}

// prune is a whole round of pruning. It returns how much each step removed that removed anything.
func (f *fixture) prune(s Store, r auth.Retention, limit int) (removed []int) {
	f.t.Helper()
	for at, steps := (auth.PruneCursor{}), 0; ; steps++ {
		next, n, err := s.Prune(ctx, r, at, limit)
		if err != nil {
			f.t.Fatal(err)
		}
		if n > 0 {
			removed = append(removed, n)
		}
		if at = next; at == (auth.PruneCursor{}) {
			return removed
		}
		if steps > 1000 {
			f.t.Fatal("a round has no end")
		}
	}
}

// wantRemoved compares what the steps of a round removed.
func (f *fixture) wantRemoved(got []int, want ...int) {
	f.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		f.t.Errorf("the steps of a round removed %v, want %v", got, want)
	}
}

// past is how long ago something was; 0: it was not.
type past struct{ superseded, expired, seen time.Duration }

// chain opens a session and rotates its token once for each of tokens, which the tokens then look like; the current
// one, the last, was seen so long ago.
func (f *fixture) chain(s Store, current time.Duration, tokens ...past) auth.Opening {
	f.t.Helper()
	_, o := f.account(s, 100*time.Hour)
	at := first(o)
	for i, p := range tokens {
		f.present(s, at, func(snap auth.Snapshot) auth.Change {
			c := rotation(snap)
			c.SeenAt = time.Time{}
			if p.seen > 0 {
				c.SeenAt = snap.Now.Add(-p.seen)
			}
			c.Succession.At, c.Succession.ExpiresAt = snap.Now.Add(-p.superseded), snap.Now.Add(-p.expired)
			c.Succession.Next.SentAt = c.Succession.At
			return c
		})
		at.generation = int64(i) + 2
	}
	if current > 0 {
		f.present(s, at, func(snap auth.Snapshot) auth.Change { return auth.Change{SeenAt: snap.Now.Add(-current)} })
	}
	return o
}

func testPruneTokens(t *testing.T, f *fixture) {
	for _, row := range []struct {
		name    string
		tokens  []past
		current time.Duration // when the current token was seen
		gone    []bool
	}{
		{"within its grace", []past{{superseded: 30 * time.Hour, expired: -time.Minute}}, 30 * time.Hour, []bool{false}},
		{"recoverable", []past{{superseded: 23 * time.Hour, expired: 22 * time.Hour}}, 0, []bool{false}},
		{"seen itself", []past{{superseded: 23 * time.Hour, expired: 22 * time.Hour, seen: 24 * time.Hour}}, 0, []bool{false}},
		{"too late to recover", []past{{superseded: 25 * time.Hour, expired: 22 * time.Hour}}, 0, []bool{true}},
		{"successor seen for longer than the grace", []past{{superseded: 3 * time.Hour, expired: 2 * time.Hour}}, 61 * time.Minute, []bool{true}},
		{"successor seen for less", []past{{superseded: 3 * time.Hour, expired: 2 * time.Hour}}, 59 * time.Minute, []bool{false}},
		{"a recoverable chain is not cut", []past{
			{superseded: 23 * time.Hour, expired: 22 * time.Hour, seen: 25 * time.Hour},
			{superseded: 22 * time.Hour, expired: 21 * time.Hour},
			{superseded: 21 * time.Hour, expired: 20 * time.Hour},
		}, 59 * time.Minute, []bool{false, false, false}},
		{"of a chain what lies before the one that was seen", []past{
			{superseded: 23 * time.Hour, expired: 22 * time.Hour, seen: 25 * time.Hour},
			{superseded: 22 * time.Hour, expired: 21 * time.Hour, seen: 22 * time.Hour},
			{superseded: 21 * time.Hour, expired: 20 * time.Hour},
		}, 0, []bool{true, false, false}},
		{"an earlier one had a longer grace", []past{
			{superseded: 30 * time.Hour, expired: -time.Minute},
			{superseded: 29 * time.Hour, expired: 28 * time.Hour},
		}, 20 * time.Hour, []bool{false, false}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := f.process()
			o := f.chain(s, row.current, row.tokens...)
			f.prune(s, keepAll, 10)
			for i, gone := range row.gone {
				snap := f.look(s, token{o.Session.ID, int64(i) + 1})
				if snap.Gone != gone {
					t.Errorf("token %d is gone: %v", i+1, snap.Gone)
				}
				if last := snap.Later[len(snap.Later)-1]; last.Generation != snap.Session.Generation {
					t.Errorf("token %d is the last, of %d", last.Generation, snap.Session.Generation)
				}
			}
			if n := f.prune(s, keepAll, 10); n != nil {
				t.Errorf("%d more at once after", n)
			}
		})
	}
}

// testPruneSteps has many tokens to remove, between such as must stay, in more steps than one.
func testPruneSteps(t *testing.T, f *fixture) {
	s := f.process()
	var used []past
	for ago := 40 * time.Hour; ago > 2*time.Hour; ago -= time.Hour {
		used = append(used, past{superseded: ago, expired: ago - time.Minute, seen: ago})
	}
	busy := f.chain(s, 2*time.Hour, used...)
	lost := f.chain(s, 0, past{superseded: 23*time.Hour + time.Minute, expired: 23 * time.Hour, seen: 24 * time.Hour},
		past{superseded: 22*time.Hour + time.Minute, expired: 22 * time.Hour})
	removed := 0
	for _, n := range f.prune(s, keepAll, 7) {
		if n > 7 {
			t.Errorf("a step of 7 removed %d", n)
		}
		removed += n
	}
	if removed != len(used) {
		t.Errorf("removed %d of %d", removed, len(used))
	}
	for g := range int64(len(used)) {
		if snap := f.look(s, token{busy.Session.ID, g + 1}); !snap.Gone || len(snap.Later) != 1 {
			t.Errorf("token %d is gone: %v, with %d later", g+1, snap.Gone, len(snap.Later))
		}
	}
	if snap := f.look(s, first(lost)); snap.Gone || len(snap.Later) != 2 {
		t.Errorf("a token to be recovered is gone: %v, with %d later", snap.Gone, len(snap.Later))
	}
	f.rotate(s, token{busy.Session.ID, int64(len(used)) + 1})
}

// testPruneSideBySide has two processes prune the same tokens at the same time.
func testPruneSideBySide(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	var used []past
	for ago := 60 * time.Hour; ago > 26*time.Hour; ago -= time.Hour {
		used = append(used, past{superseded: ago, expired: ago - time.Minute})
	}
	o := f.chain(stores[0], 0, used...)
	var (
		wg      sync.WaitGroup
		removed [2]int
	)
	for i, s := range stores {
		wg.Go(func() {
			for at := (auth.PruneCursor{}); ; {
				next, n, err := s.Prune(ctx, keepAll, at, 3)
				if err != nil {
					t.Error(err)
				}
				removed[i] += n
				if at = next; at == (auth.PruneCursor{}) || err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if removed[0]+removed[1] != len(used) {
		t.Errorf("removed %d of %d", removed, len(used))
	}
	f.rotate(stores[0], token{o.Session.ID, int64(len(used)) + 1})
}

func testPruneSessions(t *testing.T, f *fixture) {
	f.life = time.Hour
	s := f.process()
	a, used := f.account(s, 5*time.Hour)
	current := f.rotate(s, first(used))
	ended := f.session(s, a.ID, 5*time.Hour)
	if _, err := s.EndSessions(ctx, auth.Selection{UserID: a.ID, SessionID: ended.Session.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked}); err != nil {
		t.Fatal(err)
	}
	old := []auth.Opening{ended, f.session(s, a.ID, 5*time.Hour), f.session(s, a.ID, 5*time.Hour)}
	f.session(s, a.ID, time.Hour)
	f.life = 6 * time.Hour // as another process has it: its sessions are live
	living := f.session(s, a.ID, 5*time.Hour)
	r := keepAll
	r.Sessions = 6 * time.Hour
	f.wantRemoved(f.prune(s, r, 10))
	r.Sessions = 0
	f.wantRemoved(f.prune(s, r, 10))
	r.Sessions = 4 * time.Hour
	f.wantRemoved(f.prune(s, r, 2), 1, 2)
	f.wantRemoved(f.prune(s, r, 2))
	for _, o := range old {
		wantIs(t, s.Present(ctx, o.Session.ID, 1, nil), auth.ErrNotFound)
		_, err := s.Ending(ctx, o.Session.ID)
		wantIs(t, err, auth.ErrNotFound)
	}
	f.look(s, current)
	f.look(s, first(living))
}

func testPruneFailures(t *testing.T, f *fixture) {
	s := f.process()
	limit := auth.Limit{Subjects: []string{"ada", "192.0.2.1", "eve"}, Max: 1, Window: time.Hour}
	if _, err := s.Count(ctx, limit); err != nil {
		t.Fatal(err)
	}
	f.wantRemoved(f.prune(s, keepAll, 10))
	r := keepAll
	r.Counts = -time.Minute // counted from a minute hence, when all are past
	f.wantRemoved(f.prune(s, r, 10), 3)
	if wait, err := s.Blocked(ctx, limit); wait != 0 || err != nil {
		t.Errorf("blocked for %v, %v", wait, err)
	}
}

func testPruneAudit(t *testing.T, f *fixture) {
	s := f.process()
	a, _ := f.account(s, 0) // an entry each
	f.session(s, a.ID, 0)
	f.session(s, a.ID, 0)
	f.wantRemoved(f.prune(s, keepAll, 10))
	r := keepAll
	r.Audit = -time.Minute
	f.wantRemoved(f.prune(s, r, 2), 2, 1)
	if list, err := s.Sessions(ctx, a.ID, forever, 10); len(list) != 3 || err != nil {
		t.Errorf("%d sessions, %v", len(list), err)
	}
}
