package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
)

// call is a call of one of a store's methods, with a context that is over.
type call func(gone context.Context) error

// reading are the calls that change nothing, by the method's name, on the account and the session of o.
func reading(s Store, a auth.Account, o auth.Opening, limit auth.Limit) map[string]call {
	return map[string]call{
		"Account":        func(gone context.Context) error { _, err := s.Account(gone, a.ID); return err },
		"AccountByEmail": func(gone context.Context) error { _, err := s.AccountByEmail(gone, a.Email); return err },
		"Activity":       func(gone context.Context) error { _, err := s.Activity(gone, a.ID, 10, ""); return err },
		"Audit": func(gone context.Context) error {
			return s.Audit(gone, auth.AuditFilter{}, func(auth.Event) error { return nil })
		},
		"Blocked":      func(gone context.Context) error { _, err := s.Blocked(gone, limit); return err },
		"Ending":       func(gone context.Context) error { _, err := s.Ending(gone, o.Session.ID); return err },
		"Endings":      func(gone context.Context) error { _, _, err := s.Endings(gone, time.Unix(0, 0)); return err },
		"Keys":         func(gone context.Context) error { _, _, err := s.Keys(gone); return err },
		"LiveSessions": func(gone context.Context) error { _, err := s.LiveSessions(gone, a.ID, 10); return err },
		"Ping":         func(gone context.Context) error { return s.Ping(gone) },
		"Posts":        func(gone context.Context) error { _, err := s.Posts(gone, a.ID, 10, ""); return err },
		"Sessions":     func(gone context.Context) error { _, err := s.Sessions(gone, a.ID, forever, 10); return err },
	}
}

// changing are the calls that would change something if they were let.
func changing(s Store, a auth.Account, o auth.Opening, limit auth.Limit) map[string]call {
	id := auth.Identity{UserID: a.ID, SessionID: o.Session.ID}
	return map[string]call{
		"ChangeKeys": func(gone context.Context) error {
			return s.ChangeKeys(gone, func(now time.Time, _ []auth.Key) (auth.KeyChange, error) {
				return auth.KeyChange{Put: []auth.Key{key(1, now)}}, nil
			})
		},
		"ChangePassword": func(gone context.Context) error {
			_, err := s.ChangePassword(gone, id, auth.Limit{}, forever, func(auth.LoginSnapshot) (auth.PasswordChange, error) {
				return auth.PasswordChange{PasswordHash: "second hash", End: auth.Ending{Reason: auth.ReasonPasswordChanged}}, nil
			})
			return err
		},
		"Count":    func(gone context.Context) error { _, err := s.Count(gone, limit); return err },
		"Answered": func(gone context.Context) error { return s.Answered(gone, answer(o, 1)) },
		"CreateAccount": func(gone context.Context) error {
			b := auth.Account{User: auth.User{ID: newID(), Email: "eve@example.com"}}
			return s.CreateAccount(gone, b, func(now time.Time) (auth.Opening, error) { return opening(b.ID, now, 0), nil })
		},
		"CreatePost": func(gone context.Context) error { return s.CreatePost(gone, blog.Post{ID: newID(), UserID: a.ID}, 1) },
		"DeletePost": func(gone context.Context) error { _, err := s.DeletePost(gone, a.ID, newID()); return err },
		"EndNext": func(gone context.Context) error {
			_, _, err := s.EndNext(gone, auth.Selection{UserID: a.ID}, auth.Ending{Reason: auth.ReasonRevoked}, auth.EndCursor{}, 10)
			return err
		},
		"EndSessions": func(gone context.Context) error {
			_, err := s.EndSessions(gone, auth.Selection{UserID: a.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked})
			return err
		},
		"MarkSeen": func(gone context.Context) error { return s.MarkSeen(gone, answer(o, 1)) },
		"OpenSession": func(gone context.Context) error {
			return s.OpenSession(gone, a.ID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
				return opening(a.ID, snap.Now, 0), nil
			})
		},
		"Present": func(gone context.Context) error {
			return s.Present(gone, o.Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) { return rotation(snap), nil })
		},
		"Prune": func(gone context.Context) error {
			_, _, err := s.Prune(gone, auth.Retention{}, auth.PruneCursor{}, 10)
			return err
		},
		"Record": func(gone context.Context) error {
			return s.Record(gone, func(now time.Time) []auth.Event { return []auth.Event{{Kind: auth.EventLoginFailed, At: now}} })
		},
	}
}

// testCancelled calls every method with a context that is over: each says so, and nothing is changed.
func testCancelled(t *testing.T, f *fixture) {
	s := f.process()
	a, o := f.account(s, 0)
	limit := auth.Limit{Subjects: []string{"ada"}, Max: 1, Window: time.Hour}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	reads, changes := reading(s, a, o, limit), changing(s, a, o, limit)
	for method := range reflect.TypeFor[Store]().Methods() {
		if method.Name == "Close" { // it takes no context
			continue
		}
		t.Run(method.Name, func(t *testing.T) {
			do := reads[method.Name]
			if do == nil {
				do = changes[method.Name]
			}
			if do == nil {
				t.Fatal("it is not called: add it above")
			}
			wantIs(t, do(gone), context.Canceled)
		})
	}
	if got, err := s.Account(ctx, a.ID); err != nil || got != a {
		t.Errorf("account %+v, %v", got, err)
	}
	snap := f.look(s, first(o))
	if snap.Session.Generation != 1 || !snap.Session.EndedAt.IsZero() || !snap.Token.SeenAt.IsZero() {
		t.Errorf("changed all the same: %+v", snap)
	}
	if list, err := s.Sessions(ctx, a.ID, forever, 10); len(list) != 1 || err != nil {
		t.Errorf("%d sessions, %v", len(list), err)
	}
	if wait, err := s.Blocked(ctx, limit); wait != 0 || err != nil {
		t.Errorf("counted all the same: %v, %v", wait, err)
	}
	if on := f.audit(s, auth.AuditFilter{}); len(on) != 1 || on[0].Kind != auth.EventLoggedIn {
		t.Errorf("on record is %+v", on)
	}
	f.wantKeys(nil, s)
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
	if s.Ping(ctx) == nil || s.MarkSeen(ctx, auth.Answer{}) == nil {
		t.Error("a closed store answers")
	}
}
