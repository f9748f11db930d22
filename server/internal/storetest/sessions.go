package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

func testSessions(t *testing.T, f *fixture) {
	s := f.process()
	a, old := f.account(s, 3*time.Hour)
	younger := f.session(s, a.ID, 2*time.Hour)
	f.account(s, 0)
	ids := func(life auth.Life) []string {
		t.Helper()
		list, err := s.Sessions(ctx, a.ID, life, 10)
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, x := range list {
			ids = append(ids, x.ID)
		}
		return ids
	}
	o, y := old.Session.ID, younger.Session.ID
	if list, err := s.Sessions(ctx, a.ID, forever, 1); len(list) != 1 || list[0].ID != y || err != nil {
		t.Errorf("of the first: %+v, %v", list, err)
	}
	for _, row := range []struct {
		name string
		life auth.Life
		want []string
	}{
		{"all", forever, []string{y, o}},
		{"idle", auth.Life{Idle: 150 * time.Minute}, []string{y}},
		{"too old", auth.Life{Idle: 1000 * time.Hour, Max: 150 * time.Minute}, []string{y}},
		{"both", auth.Life{Idle: time.Hour, Max: time.Hour}, []string{}},
	} {
		if diff := cmp.Diff(row.want, ids(row.life)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	f.rotate(s, first(old))
	if diff := cmp.Diff([]string{o, y}, ids(forever)); diff != "" {
		t.Errorf("most recently used first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{o}, ids(auth.Life{Idle: time.Hour})); diff != "" {
		t.Errorf("used lately (-want +got):\n%s", diff)
	}
}

// testSessionsPastTheirEnd has sessions whose tokens were sent with a shorter life than is configured by now.
func testSessionsPastTheirEnd(t *testing.T, f *fixture) {
	s := f.process()
	f.life = time.Hour
	a, past := f.account(s, time.Hour+time.Minute)
	live := f.session(s, a.ID, 59*time.Minute)
	list, err := s.Sessions(ctx, a.ID, forever, 10)
	if err != nil || len(list) != 1 || list[0].ID != live.Session.ID {
		t.Errorf("listed are %+v, %v", list, err)
	}
	ended, err := s.EndSessions(ctx, auth.Selection{UserID: a.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked})
	if diff := cmp.Diff([]string{live.Session.ID}, ended.Sessions); diff != "" || err != nil {
		t.Errorf("ended live (-want +got): %v\n%s", err, diff)
	}
	if e := f.ending(s, past.Session.ID); e.Reason != auth.ReasonRevoked {
		t.Errorf("the other is not flagged: %+v", e)
	}
}

func testEndSessions(t *testing.T, f *fixture) {
	s := f.process()
	a, first := f.account(s, 0)
	second, idle := f.session(s, a.ID, time.Second), f.session(s, a.ID, 3*time.Hour)
	_, stranger := f.account(s, 0)
	life := auth.Life{Idle: 2 * time.Hour}
	end := func(sel auth.Selection, r auth.Reason, want ...string) {
		t.Helper()
		ended, err := s.EndSessions(ctx, sel, life, auth.Ending{Reason: r, BySession: first.Session.ID, IP: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, ended.Sessions); diff != "" {
			t.Errorf("ended (-want +got):\n%s", diff)
		}
	}
	end(auth.Selection{UserID: a.ID, SessionID: stranger.Session.ID}, auth.ReasonRevoked)
	end(auth.Selection{UserID: a.ID, SessionID: second.Session.ID}, auth.ReasonRevoked, second.Session.ID)
	end(auth.Selection{UserID: a.ID, SessionID: second.Session.ID}, auth.ReasonRevoked)
	end(auth.Selection{UserID: a.ID}, auth.ReasonLoggedOut, first.Session.ID)
	end(auth.Selection{UserID: a.ID}, auth.ReasonLoggedOut)
	for _, row := range []struct {
		name string
		o    auth.Opening
		want auth.Reason
	}{
		{"first", first, auth.ReasonLoggedOut}, {"second keeps its reason", second, auth.ReasonRevoked},
		{"idle, so that it never comes back", idle, auth.ReasonLoggedOut}, {"stranger's", stranger, ""},
	} {
		if e := f.ending(s, row.o.Session.ID); e.Reason != row.want {
			t.Errorf("%s: %q, want %q", row.name, e.Reason, row.want)
		}
	}
	if e := f.ending(s, second.Session.ID); e.BySession != first.Session.ID || e.IP != "192.0.2.1" || e.At.IsZero() {
		t.Errorf("evidence: %+v", e)
	}
	if list, err := s.Sessions(ctx, a.ID, forever, 10); len(list) != 0 || err != nil {
		t.Errorf("%d live sessions, %v", len(list), err)
	}
	_, err := s.Ending(ctx, newID())
	wantIs(t, err, auth.ErrNotFound)
}

func testEndings(t *testing.T, f *fixture) {
	s, other := f.process(), f.process()
	a, first := f.account(s, 0)
	second := f.session(s, a.ID, 0)
	_, before, err := other.Endings(ctx, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.EndSessions(ctx, auth.Selection{UserID: a.ID, SessionID: first.Session.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked}); err != nil {
		t.Fatal(err)
	}
	list, now, err := other.Endings(ctx, before)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]auth.Ending{f.ending(s, first.Session.ID)}, list); diff != "" {
		t.Errorf("endings (-want +got):\n%s", diff)
	}
	if now.Before(before) || list[0].At.After(now) {
		t.Errorf("times: %v, ended %v, %v", before, list[0].At, now)
	}
	if list, _, err := other.Endings(ctx, list[0].At.Add(time.Millisecond)); len(list) != 0 || err != nil {
		t.Errorf("%d endings later than the last, %v", len(list), err)
	}
	if e := f.ending(s, second.Session.ID); e != (auth.Ending{}) {
		t.Errorf("a live session's ending: %+v", e)
	}
}
