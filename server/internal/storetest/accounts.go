package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

func testAccounts(t *testing.T, f *fixture) {
	s := f.process()
	want, _ := f.account(s, 0)
	if got, err := s.Account(ctx, want.ID); err != nil || got != want {
		t.Errorf("by id: %+v, %v; want %+v", got, err, want)
	}
	if got, err := s.AccountByEmail(ctx, want.Email); err != nil || got != want {
		t.Errorf("by email: %+v, %v; want %+v", got, err, want)
	}
	if age := time.Since(want.CreatedAt); age < -time.Minute || age > time.Minute {
		t.Errorf("now is %v", want.CreatedAt)
	}
	_, err := s.Account(ctx, newID())
	wantIs(t, err, auth.ErrNotFound)
	_, err = s.AccountByEmail(ctx, "eve@example.com")
	wantIs(t, err, auth.ErrNotFound)
}

func testEmailTaken(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		made int
	)
	for i := range 10 {
		wg.Go(func() {
			a := auth.Account{User: auth.User{ID: newID(), Email: "ada@example.com"}}
			err := stores[i%2].CreateAccount(ctx, a, func(now time.Time) (auth.Opening, error) { return opening(a.ID, now, 0), nil })
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !errors.Is(err, auth.ErrEmailTaken) {
				t.Errorf("error %v, want %v", err, auth.ErrEmailTaken)
			}
		})
	}
	wg.Wait()
	if made != 1 {
		t.Errorf("%d accounts have one address", made)
	}
}

func testOpenSession(t *testing.T, f *fixture) {
	s := f.process()
	a, first := f.account(s, 0)
	limit := auth.Limit{Subjects: []string{"ada"}, Max: 1, Window: time.Hour}
	if _, err := s.Count(ctx, limit); err != nil {
		t.Fatal(err)
	}
	var second auth.Opening
	err := s.OpenSession(ctx, a.ID, []auth.Limit{limit}, func(snap auth.LoginSnapshot) (auth.Opening, error) {
		if snap.PasswordHash != "first hash" || snap.Blocked <= 59*time.Minute || snap.Blocked > time.Hour {
			t.Errorf("snapshot %+v", snap)
		}
		second = opening(a.ID, snap.Now, 0)
		second.PasswordHash, second.Clear = "second hash", "ada"
		second.Ends = []auth.Ending{{SessionID: first.Session.ID, At: snap.Now, Reason: auth.ReasonLoggedOut, TokenID: "t"}}
		return second, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Account(ctx, a.ID); err != nil || got.PasswordHash != "second hash" {
		t.Errorf("hash %q, %v", got.PasswordHash, err)
	}
	if wait, err := s.Blocked(ctx, limit); wait != 0 || err != nil {
		t.Errorf("still blocked for %v, %v", wait, err)
	}
	if e := f.ending(s, first.Session.ID); e.Reason != auth.ReasonLoggedOut || e.TokenID != "t" {
		t.Errorf("the session before: %+v", e)
	}
	list, err := s.Sessions(ctx, a.ID, forever, 10)
	if diff := cmp.Diff([]auth.Session{second.Session}, list); diff != "" || err != nil {
		t.Errorf("sessions (-want +got): %v\n%s", err, diff)
	}
	wantIs(t, s.OpenSession(ctx, newID(), []auth.Limit{limit}, func(auth.LoginSnapshot) (auth.Opening, error) {
		t.Error("called for nobody")
		return auth.Opening{}, nil
	}), auth.ErrNotFound)
}

func testOpenSessionGivenUp(t *testing.T, f *fixture) {
	s := f.process()
	a, first := f.account(s, 0)
	wantIs(t, s.OpenSession(ctx, a.ID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
		if snap.Blocked != 0 {
			t.Errorf("blocked for %v without a limit", snap.Blocked)
		}
		return opening(a.ID, snap.Now, 0), errGivenUp
	}), errGivenUp)
	b := auth.Account{User: auth.User{ID: newID(), Email: "b@example.com"}}
	wantIs(t, s.CreateAccount(ctx, b, func(now time.Time) (auth.Opening, error) {
		return opening(b.ID, now, 0), errGivenUp
	}), errGivenUp)
	_, err := s.Account(ctx, b.ID)
	wantIs(t, err, auth.ErrNotFound)
	// The second half of an opening fails: the first is undone.
	if s.OpenSession(ctx, a.ID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
		o := opening(a.ID, snap.Now, 0)
		o.PasswordHash, o.Session.ID = "another", first.Session.ID
		o.Ends = []auth.Ending{{SessionID: first.Session.ID, At: snap.Now, Reason: auth.ReasonLoggedOut}}
		return o, nil
	}) == nil {
		t.Error("two sessions have one id")
	}
	if list, err := s.Sessions(ctx, a.ID, forever, 10); len(list) != 1 || err != nil {
		t.Errorf("%d sessions, %v", len(list), err)
	}
	if got, err := s.Account(ctx, a.ID); err != nil || got.PasswordHash != "first hash" {
		t.Errorf("hash %q, %v", got.PasswordHash, err)
	}
}

func testChangePassword(t *testing.T, f *fixture) {
	s := f.process()
	a, asking := f.account(s, 0)
	live, idle := f.session(s, a.ID, 0), f.session(s, a.ID, 3*time.Hour)
	_, stranger := f.account(s, 0)
	id := auth.Identity{UserID: a.ID, SessionID: asking.Session.ID}
	life := auth.Life{Idle: 2 * time.Hour}
	change := func(snap auth.LoginSnapshot) (auth.PasswordChange, error) {
		if snap.PasswordHash != "first hash" || snap.Asking.Reason != "" {
			t.Errorf("snapshot %+v", snap)
		}
		return auth.PasswordChange{PasswordHash: "second hash",
			End: auth.Ending{Reason: auth.ReasonPasswordChanged, BySession: id.SessionID}}, nil
	}
	_, err := s.ChangePassword(ctx, id, auth.Limit{}, life, func(snap auth.LoginSnapshot) (auth.PasswordChange, error) {
		c, _ := change(snap)
		return c, errGivenUp
	})
	wantIs(t, err, errGivenUp)
	ended, err := s.ChangePassword(ctx, id, auth.Limit{}, life, change)
	if diff := cmp.Diff([]string{live.Session.ID}, ended.Sessions); diff != "" || err != nil {
		t.Errorf("ended (-want +got): %v\n%s", err, diff)
	}
	for _, row := range []struct {
		name string
		o    auth.Opening
		want auth.Reason
	}{{"asking", asking, ""}, {"live", live, auth.ReasonPasswordChanged}, {"idle", idle, auth.ReasonPasswordChanged}, {"stranger's", stranger, ""}} {
		if e := f.ending(s, row.o.Session.ID); e.Reason != row.want {
			t.Errorf("%s session: %q, want %q", row.name, e.Reason, row.want)
		}
	}
	if got, err := s.Account(ctx, a.ID); err != nil || got.PasswordHash != "second hash" {
		t.Errorf("hash %q, %v", got.PasswordHash, err)
	}
	id.SessionID = live.Session.ID
	_, err = s.ChangePassword(ctx, id, auth.Limit{}, life, func(snap auth.LoginSnapshot) (auth.PasswordChange, error) {
		if snap.Asking.Reason != auth.ReasonPasswordChanged {
			t.Errorf("an ended session asks: %+v", snap.Asking)
		}
		return auth.PasswordChange{}, errGivenUp
	})
	wantIs(t, err, errGivenUp)
	id.SessionID = stranger.Session.ID
	_, err = s.ChangePassword(ctx, id, auth.Limit{}, life, change)
	wantIs(t, err, auth.ErrNotFound)
}
