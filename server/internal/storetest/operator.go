package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

func testLiveSessions(t *testing.T, f *fixture) {
	f.life = time.Hour
	s := f.process()
	ada, first := f.account(s, 50*time.Minute)
	eve, hers := f.account(s, 40*time.Minute)
	second, ended := f.session(s, ada.ID, 20*time.Minute), f.session(s, ada.ID, 0)
	f.session(s, ada.ID, 2*time.Hour) // its token's end has passed
	f.rotate(s, token{first.Session.ID, 1})
	if _, err := s.EndSessions(ctx, auth.Selection{UserID: ada.ID, SessionID: ended.Session.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, user string
		last       int
		want       []auth.Opening
	}{
		{"of all", "", 10, []auth.Opening{hers, second, first}},
		{"the last of all", "", 2, []auth.Opening{second, first}},
		{"of a user", ada.ID, 10, []auth.Opening{second, first}},
		{"the last of a user", ada.ID, 1, []auth.Opening{first}},
		{"of nobody", newID(), 10, nil},
	} {
		list, err := s.LiveSessions(ctx, row.user, row.last)
		if err != nil {
			t.Fatal(err)
		}
		var got, want []string
		for _, x := range list {
			got = append(got, x.ID)
		}
		for _, o := range row.want {
			want = append(want, o.Session.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	list, err := s.LiveSessions(ctx, eve.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]auth.AccountSession{{Session: hers.Session, Email: eve.Email}}, list); diff != "" {
		t.Errorf("what is told of one (-want +got):\n%s", diff)
	}
}

func testEndNext(t *testing.T, f *fixture) {
	f.life = time.Hour
	s := f.process()
	ada, a1 := f.account(s, 0)
	eve, e1 := f.account(s, 0)
	a2, idle, a3 := f.session(s, ada.ID, time.Minute), f.session(s, ada.ID, 2*time.Hour), f.session(s, ada.ID, 0)
	if _, err := s.EndSessions(ctx, auth.Selection{UserID: ada.ID, SessionID: a1.Session.ID}, forever, auth.Ending{Reason: auth.ReasonLoggedOut}); err != nil {
		t.Fatal(err)
	}
	step := func(name string, sel auth.Selection, from auth.EndCursor, limit, want int) auth.EndCursor {
		t.Helper()
		next, live, err := s.EndNext(ctx, sel, auth.Ending{Reason: auth.ReasonRevoked, UserAgent: "operator"}, from, limit)
		if err != nil || live != want {
			t.Errorf("%s: %d live ones, want %d; %v", name, live, want, err)
		}
		return next
	}
	start := auth.EndCursor{}
	step("another's session", auth.Selection{UserID: eve.ID, SessionID: a2.Session.ID}, start, 10, 0)
	step("no such session", auth.Selection{SessionID: newID()}, start, 10, 0)
	step("one that has ended", auth.Selection{SessionID: a1.Session.ID}, start, 10, 0)
	step("one", auth.Selection{SessionID: a2.Session.ID}, start, 10, 1)
	at := step("of a user, the first", auth.Selection{UserID: ada.ID}, start, 1, 0) // the idle one
	later := f.session(s, ada.ID, -time.Hour)                                       // it is opened meanwhile
	if at = step("of a user, the second", auth.Selection{UserID: ada.ID}, at, 1, 1); at == start {
		t.Error("it cannot know that there are no more")
	}
	if at = step("of a user, no more", auth.Selection{UserID: ada.ID}, at, 1, 0); at != start {
		t.Errorf("a round does not end: %+v", at)
	}
	for name, want := range map[string]auth.Reason{a1.Session.ID: auth.ReasonLoggedOut, a2.Session.ID: auth.ReasonRevoked,
		idle.Session.ID: auth.ReasonRevoked, a3.Session.ID: auth.ReasonRevoked, later.Session.ID: "", e1.Session.ID: ""} {
		if got := f.ending(s, name).Reason; got != want {
			t.Errorf("session %s: %q, want %q", name, got, want)
		}
	}
	if e := f.ending(s, a3.Session.ID); e.UserAgent != "operator" || time.Since(e.At) > time.Minute {
		t.Errorf("evidence: %+v", e)
	}
}

// testEndAll ends more sessions than are ended in one step.
func testEndAll(t *testing.T, f *fixture) {
	s := f.process()
	want := 0
	for range 5 {
		a, _ := f.account(s, 0)
		for want++; want%60 != 0; want++ {
			f.session(s, a.ID, 0)
		}
	}
	got, err := auth.EndByOperator(ctx, f.process(), auth.Selection{})
	if err != nil || got != want {
		t.Errorf("%d ended, want %d; %v", got, want, err)
	}
	if list, err := s.LiveSessions(ctx, "", 10); len(list) > 0 || err != nil {
		t.Errorf("some are left: %+v, %v", list, err)
	}
	if got := f.audit(s, auth.AuditFilter{Kind: auth.EventSessionEnded}); len(got) != want {
		t.Errorf("%d endings are on record, want %d", len(got), want)
	}
	if got, err := auth.EndByOperator(ctx, s, auth.Selection{}); got != 0 || err != nil {
		t.Errorf("once more: %d, %v", got, err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := auth.EndByOperator(over, s, auth.Selection{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
