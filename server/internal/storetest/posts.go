package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
)

func testPosts(t *testing.T, f *fixture) {
	s := f.process()
	ada, _ := f.account(s, 0)
	eve, _ := f.account(s, 0)
	at := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	var all []blog.Post // newest first
	for _, title := range []string{"one", "two", "three", "four", "five"} {
		p := blog.Post{ID: newID(), UserID: ada.ID, Title: title, Body: "Text \"of\"\n'" + title + "' é", CreatedAt: at}
		if err := s.CreatePost(ctx, p); err != nil {
			t.Fatal(err)
		}
		all = append([]blog.Post{p}, all...)
	}
	page := func(user string, first int, after string, want ...blog.Post) {
		t.Helper()
		got, err := s.Posts(ctx, user, first, after)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("page of %d after %q (-want +got):\n%s", first, after, diff)
		}
	}
	page(ada.ID, 10, "", all...)
	page(ada.ID, 2, "", all[:2]...)
	page(ada.ID, 2, all[1].ID, all[2:4]...)
	page(ada.ID, 2, all[3].ID, all[4:]...)
	page(ada.ID, 2, all[4].ID)
	page(eve.ID, 10, "")
	deleted := func(user, id string, want bool) {
		t.Helper()
		if got, err := s.DeletePost(ctx, user, id); got != want || err != nil {
			t.Errorf("deleted %v, %v; want %v", got, err, want)
		}
	}
	deleted(eve.ID, all[1].ID, false)
	deleted(ada.ID, all[1].ID, true)
	deleted(ada.ID, all[1].ID, false)
	page(ada.ID, 2, all[1].ID, all[2:4]...) // the place of a deleted post is still known
	page(ada.ID, 2, "", all[0], all[2])
}

func testCancelled(t *testing.T, f *fixture) {
	s := f.process()
	a, o := f.account(s, 0)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	id := auth.Identity{UserID: a.ID, SessionID: o.Session.ID}
	limit := auth.Limit{Subjects: []string{"ada"}, Max: 1, Window: time.Hour}
	for _, row := range []struct {
		name string
		call func() error
	}{
		{"Account", func() error { _, err := s.Account(gone, a.ID); return err }},
		{"CreateAccount", func() error {
			return s.CreateAccount(gone, auth.Account{User: auth.User{ID: newID(), Email: "eve@example.com"}},
				func(now time.Time) (auth.Opening, error) { return opening(a.ID, now, 0), nil })
		}},
		{"OpenSession", func() error {
			return s.OpenSession(gone, a.ID, auth.Limit{}, func(snap auth.LoginSnapshot) (auth.Opening, error) {
				return opening(a.ID, snap.Now, 0), nil
			})
		}},
		{"ChangePassword", func() error {
			_, err := s.ChangePassword(gone, id, auth.Limit{}, forever, func(auth.LoginSnapshot) (auth.PasswordChange, error) {
				return auth.PasswordChange{PasswordHash: "second hash", End: auth.Ending{Reason: auth.ReasonPasswordChanged}}, nil
			})
			return err
		}},
		{"Present", func() error {
			return s.Present(gone, o.Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) { return rotation(snap), nil })
		}},
		{"MarkSeen", func() error { return s.MarkSeen(gone, o.Session.ID, 1) }},
		{"Sessions", func() error { _, err := s.Sessions(gone, a.ID, forever, 10); return err }},
		{"EndSessions", func() error {
			_, err := s.EndSessions(gone, auth.Selection{UserID: a.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked})
			return err
		}},
		{"Endings", func() error { _, _, err := s.Endings(gone, time.Unix(0, 0)); return err }},
		{"LoggedInFrom", func() error { _, err := s.LoggedInFrom(gone, a.ID, "192.0.2.1"); return err }},
		{"Count", func() error { _, err := s.Count(gone, limit); return err }},
		{"Prune", func() error { _, _, err := s.Prune(gone, auth.Retention{}, auth.PruneCursor{}, 10); return err }},
		{"CreatePost", func() error { return s.CreatePost(gone, blog.Post{ID: newID(), UserID: a.ID}) }},
		{"Ping", func() error { return s.Ping(gone) }},
	} {
		t.Run(row.name, func(t *testing.T) { wantIs(t, row.call(), context.Canceled) })
	}
	if got, err := s.Account(ctx, a.ID); err != nil || got != a {
		t.Errorf("account %+v, %v", got, err)
	}
	snap := f.look(s, first(o))
	if snap.Session.Generation != 1 || !snap.Session.EndedAt.IsZero() || !snap.Token.SeenAt.IsZero() {
		t.Errorf("changed all the same: %+v", snap)
	}
	if wait, err := s.Blocked(ctx, limit); wait != 0 || err != nil {
		t.Errorf("counted all the same: %v, %v", wait, err)
	}
}

func testRestart(t *testing.T, f *fixture) {
	s := f.process()
	a, o := f.account(s, time.Minute)
	second := f.rotate(s, first(o))
	other := f.session(s, a.ID, 0)
	if _, err := s.EndSessions(ctx, auth.Selection{UserID: a.ID, SessionID: other.Session.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked}); err != nil {
		t.Fatal(err)
	}
	before := f.look(s, first(o))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = f.process()
	after := f.look(s, first(o))
	after.Now = before.Now
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	if e := f.ending(s, other.Session.ID); e.Reason != auth.ReasonRevoked {
		t.Errorf("the ended session after a restart: %+v", e)
	}
	f.rotate(s, second)
}

func testClosing(t *testing.T, f *fixture) {
	s := f.process()
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if s.Ping(ctx) == nil || s.MarkSeen(ctx, newID(), 1) == nil {
		t.Error("a closed store answers")
	}
}
