package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

// limitedOpening opens a session of the account that is counted against the limit.
func (f *fixture) limitedOpening(s Store, userID string, l auth.Limit) error {
	return s.OpenSession(ctx, userID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
		o := opening(userID, snap.Now, 0)
		o.PasswordHash, o.Counts = "hash of "+o.Session.ID, l
		return o, nil
	})
}

func testCounts(t *testing.T, f *fixture) {
	s := f.process()
	a, first := f.account(s, 0)
	limit := auth.Limit{Subjects: []string{"login:" + a.ID}, Max: 2, Window: time.Hour}
	for range 2 {
		if err := f.limitedOpening(s, a.ID, limit); err != nil {
			t.Fatal(err)
		}
	}
	before, err := s.Account(ctx, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantReached := func(err error) {
		t.Helper()
		if r := (*auth.ReachedError)(nil); !errors.As(err, &r) || r.Wait <= 59*time.Minute || r.Wait > time.Hour {
			t.Errorf("error %v", err)
		}
	}
	wantReached(f.limitedOpening(s, a.ID, limit))
	change := func(l auth.Limit) error {
		_, err := s.ChangePassword(ctx, auth.Identity{UserID: a.ID, SessionID: first.Session.ID}, auth.Limit{}, forever,
			func(auth.LoginSnapshot) (auth.PasswordChange, error) {
				return auth.PasswordChange{PasswordHash: "another hash", Counts: l, End: auth.Ending{Reason: auth.ReasonPasswordChanged}}, nil
			})
		return err
	}
	wantReached(change(limit))
	if after, err := s.Account(ctx, a.ID); after.PasswordHash != before.PasswordHash || err != nil {
		t.Errorf("the hash changed all the same: %q, %v", after.PasswordHash, err)
	}
	if list, err := s.Sessions(ctx, a.ID, forever, 10); len(list) != 3 || err != nil {
		t.Errorf("%d sessions, %v", len(list), err)
	}
	limit.Max = 0
	if err := f.limitedOpening(s, a.ID, limit); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	if err := change(auth.Limit{Subjects: []string{"password:" + a.ID}, Max: 1, Window: time.Hour}); err != nil {
		t.Errorf("another limit: %v", err)
	}
	if got, err := s.Account(ctx, a.ID); got.PasswordHash != "another hash" || err != nil {
		t.Errorf("hash %q, %v", got.PasswordHash, err)
	}
}

func testRacingCounts(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	a, _ := f.account(stores[0], 0)
	limit := auth.Limit{Subjects: []string{"login:" + a.ID}, Max: 5, Window: time.Hour}
	var wg sync.WaitGroup
	var opened atomic.Int64
	for i := range 20 {
		wg.Go(func() {
			err := f.limitedOpening(stores[i%2], a.ID, limit)
			if r := (*auth.ReachedError)(nil); err != nil && !errors.As(err, &r) {
				t.Error(err)
			}
			if err == nil {
				opened.Add(1)
			}
		})
	}
	wg.Wait()
	if opened.Load() != 5 {
		t.Errorf("%d openings under a limit of 5", opened.Load())
	}
}

// bounded is an opening of an account that may have so many sessions. It adds the sessions that had to go to displaced.
func bounded(userID string, now time.Time, most int, displaced *[]string) auth.Opening {
	o := opening(userID, now, 0)
	o.Most = most
	*displaced = nil
	o.Displace = func(x auth.OpenSession) auth.Ending {
		*displaced = append(*displaced, x.ID)
		reason := auth.ReasonTooMany
		if now.Sub(x.LastUsedAt) > 30*time.Minute {
			reason = auth.ReasonIdle
		}
		return auth.Ending{At: now, Reason: reason, BySession: o.Session.ID, IP: "192.0.2.1"}
	}
	return o
}

// testTooMany opens one session more than an account may have: the longest unused go.
func testTooMany(t *testing.T, f *fixture) {
	s := f.process()
	a, rotated := f.account(s, 50*time.Minute)
	_, stranger := f.account(s, 50*time.Minute)
	idle, old, young := f.session(s, a.ID, 40*time.Minute), f.session(s, a.ID, 20*time.Minute), f.session(s, a.ID, 10*time.Minute)
	f.rotate(s, first(rotated)) // the oldest session is the last one that was used
	open := func(most int, ends ...auth.Opening) auth.Opening {
		t.Helper()
		var displaced []string
		var o auth.Opening
		if err := s.OpenSession(ctx, a.ID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
			o = bounded(a.ID, snap.Now, most, &displaced)
			for _, x := range ends {
				o.Ends = append(o.Ends, auth.Ending{SessionID: x.Session.ID, At: snap.Now, Reason: auth.ReasonLoggedOut})
			}
			return o, nil
		}); err != nil {
			t.Fatal(err)
		}
		return o
	}
	want := func(when string, reasons map[string]auth.Reason) {
		t.Helper()
		got := map[string]auth.Reason{}
		for id := range reasons {
			got[id] = f.ending(s, id).Reason
		}
		if diff := cmp.Diff(reasons, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	second := open(5)
	want("there is room", map[string]auth.Reason{idle.Session.ID: "", old.Session.ID: "", rotated.Session.ID: ""})
	third := open(5, young) // takes the place of one that the browser had
	want("one ends anyway", map[string]auth.Reason{young.Session.ID: auth.ReasonLoggedOut, idle.Session.ID: "", old.Session.ID: ""})
	open(4)
	want("two too many", map[string]auth.Reason{idle.Session.ID: auth.ReasonIdle, old.Session.ID: auth.ReasonTooMany,
		rotated.Session.ID: "", second.Session.ID: "", third.Session.ID: "", stranger.Session.ID: ""})
	if e := f.ending(s, old.Session.ID); e.BySession == "" || e.IP != "192.0.2.1" || e.At.IsZero() {
		t.Errorf("evidence: %+v", e)
	}
	recorded := map[string]auth.Reason{}
	for _, e := range f.audit(s, auth.AuditFilter{UserID: a.ID, Kind: auth.EventSessionEnded}) {
		recorded[e.SessionID] = e.Reason
	}
	if recorded[old.Session.ID] != auth.ReasonTooMany || recorded[idle.Session.ID] != auth.ReasonIdle {
		t.Errorf("on record: %v", recorded)
	}
}

func testRacingTooMany(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	a, _ := f.account(stores[0], 0)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			var displaced []string
			if err := stores[i%2].OpenSession(ctx, a.ID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
				return bounded(a.ID, snap.Now, 5, &displaced), nil
			}); err != nil {
				t.Error(err)
			}
			list, err := stores[i%2].Sessions(ctx, a.ID, forever, 100)
			if len(list) > 5 || err != nil {
				t.Errorf("%d sessions, %v", len(list), err)
			}
		})
	}
	wg.Wait()
	if list, err := stores[0].Sessions(ctx, a.ID, forever, 100); len(list) != 5 || err != nil {
		t.Errorf("%d sessions are left, %v", len(list), err)
	}
}
