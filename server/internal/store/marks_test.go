package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/store"
)

// life is one that nothing in a test outlives.
var life = auth.Life{Idle: time.Hour}

// model is what the sessions of one account must look like.
type model struct {
	store    *store.Store
	user     string
	sessions []*modelSession
}

type modelSession struct {
	id         string
	generation int64
	reasons    []auth.Reason // the first ended it; the next are those of later marks; none: it is open
}

// TestEndingsAgreeWithAModel ends sessions in every way and order, with rows for two sessions at once and marks for the
// others. No session comes back, none ends that was spared, and every way to ask says the same.
func TestEndingsAgreeWithAModel(t *testing.T) {
	s := openFile(t)
	s.SetAtOnce(2)
	rapid.Check(t, func(rt *rapid.T) {
		o := account(t, s)
		m := &model{store: s, user: o.Session.UserID}
		m.sessions = append(m.sessions, &modelSession{id: o.Session.ID, generation: 1})
		rt.Repeat(map[string]func(*rapid.T){
			"open":     m.open,
			"revoke":   m.revoke,
			"log out":  m.logOut,
			"change":   m.changePassword,
			"rotate":   m.rotate,
			"operator": m.operator,
			"sweep":    func(rt *rapid.T) { m.prune(rt, rapid.IntRange(1, 3).Draw(rt, "limit"), 1) },
			"":         m.check,
		})
		m.prune(rt, 3, 1000)
		for _, x := range m.sessions {
			if want := len(x.reasons); (x.own(t, s) != "") != (want > 0) {
				rt.Errorf("a round of pruning leaves session %s without an ending of its own", x.id)
			}
		}
		m.check(rt)
	})
}

func (x *modelSession) own(t *testing.T, s *store.Store) auth.Reason {
	return auth.Reason(s.Value(t, `select coalesce(max(end_reason), '') from sessions where id = $1`, x.id))
}

func (m *model) pick(rt *rapid.T) *modelSession {
	return rapid.SampledFrom(m.sessions).Draw(rt, "session")
}

func (m *model) open(rt *rapid.T) {
	var o auth.Opening
	if err := m.store.OpenSession(context.Background(), m.user, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
		o = opening(m.user, snap.Now)
		return o, nil
	}); err != nil {
		rt.Fatal(err)
	}
	m.sessions = append(m.sessions, &modelSession{id: o.Session.ID, generation: 1})
}

func (m *model) revoke(rt *rapid.T) {
	x := m.pick(rt)
	ended, err := m.store.EndSessions(context.Background(), auth.Selection{UserID: m.user, SessionID: x.id}, life, auth.Ending{Reason: auth.ReasonRevoked})
	if want := len(x.reasons) == 0; err != nil || ended.Marked || (ended.Live() == 1) != want {
		rt.Fatalf("revoked %+v, %v; was open: %v", ended, err, want)
	}
	if ended.Live() == 1 {
		x.reasons = append(x.reasons, auth.ReasonRevoked)
	}
}

func (m *model) logOut(rt *rapid.T) {
	ended, err := m.store.EndSessions(context.Background(), auth.Selection{UserID: m.user}, life, auth.Ending{Reason: auth.ReasonLoggedOut})
	m.endedAll(rt, nil, auth.ReasonLoggedOut, ended, err)
}

// changePassword spares the asking session, and does nothing where that has ended.
func (m *model) changePassword(rt *rapid.T) {
	x, gone := m.pick(rt), errors.New("ended")
	ended, err := m.store.ChangePassword(context.Background(), auth.Identity{UserID: m.user, SessionID: x.id}, auth.Limit{}, life,
		func(snap auth.LoginSnapshot) (auth.PasswordChange, error) {
			if snap.Asking.Reason != "" {
				return auth.PasswordChange{}, gone
			}
			return auth.PasswordChange{End: auth.Ending{Reason: auth.ReasonPasswordChanged, BySession: x.id}}, nil
		})
	if len(x.reasons) > 0 {
		if !errors.Is(err, gone) {
			rt.Fatalf("an ended session changes the password: %v", err)
		}
		return
	}
	m.endedAll(rt, x, auth.ReasonPasswordChanged, ended, err)
}

func (m *model) endedAll(rt *rapid.T, except *modelSession, reason auth.Reason, ended auth.Ended, err error) {
	live := 0
	for _, x := range m.sessions {
		if x == except {
			continue
		}
		if len(x.reasons) == 0 {
			live++
		} else if !ended.Marked {
			continue
		}
		x.reasons = append(x.reasons, reason)
	}
	if err != nil || ended.Live() != live || ended.Marked != (live > 2) {
		rt.Fatalf("ended %+v, want %d; %v", ended, live, err)
	}
}

func (m *model) rotate(rt *rapid.T) {
	x := m.pick(rt)
	err := m.store.Present(context.Background(), x.id, x.generation, func(snap auth.Snapshot) (auth.Change, error) {
		if open := len(x.reasons) == 0; open != snap.Session.EndedAt.IsZero() || !open && !slices.Contains(x.reasons, snap.Session.EndReason) {
			rt.Fatalf("presented as %+v, want %v", snap.Session, x.reasons)
		}
		if !snap.Session.EndedAt.IsZero() {
			return auth.Change{}, nil
		}
		return auth.Change{SeenAt: snap.Now, Succession: &auth.Succession{
			Generation: x.generation, At: snap.Now, ExpiresAt: snap.Now.Add(time.Minute), Sealed: []byte("sealed"),
			Next: auth.Token{Generation: x.generation + 1, Hash: []byte("hash"), SentAt: snap.Now, ExpiresAt: snap.Now.Add(time.Hour)},
		}}, nil
	})
	if err != nil {
		rt.Fatal(err)
	}
	if len(x.reasons) == 0 {
		x.generation++
	}
}

// operator ends the next session of a round.
func (m *model) operator(rt *rapid.T) {
	_, live, err := m.store.EndNext(context.Background(), auth.Selection{UserID: m.user}, auth.Ending{Reason: auth.ReasonRevoked}, auth.EndCursor{}, 1)
	if err != nil {
		rt.Fatal(err)
	}
	var next *modelSession
	for _, x := range m.sessions {
		if len(x.reasons) == 0 && (next == nil || x.id < next.id) {
			next = x
		}
	}
	if (next != nil) != (live == 1) {
		rt.Fatalf("ended %d, want the next of %v", live, next)
	}
	if next != nil {
		next.reasons = append(next.reasons, auth.ReasonRevoked)
	}
}

func (m *model) prune(rt *rapid.T, limit, steps int) {
	at := auth.PruneCursor{}
	for range steps {
		var err error
		if at, _, err = m.store.Prune(context.Background(), retention, at, limit); err != nil {
			rt.Fatal(err)
		}
		if at == (auth.PruneCursor{}) {
			return
		}
	}
}

func (m *model) check(rt *rapid.T) {
	ctx := context.Background()
	list, err := m.store.Sessions(ctx, m.user, life, 1000)
	if err != nil {
		rt.Fatal(err)
	}
	operators, err := m.store.LiveSessions(ctx, m.user, 1000)
	if err != nil {
		rt.Fatal(err)
	}
	listed := map[string]bool{}
	for i, x := range list {
		listed[x.ID] = true
		if len(operators) != len(list) || !slices.ContainsFunc(operators, func(o auth.AccountSession) bool { return o.ID == list[i].ID }) {
			rt.Fatalf("an operator sees %d sessions, the user %d", len(operators), len(list))
		}
	}
	for _, x := range m.sessions {
		e, err := m.store.Ending(ctx, x.id)
		if err != nil {
			rt.Fatal(err)
		}
		if open := len(x.reasons) == 0; open != (e.Reason == "") || open != listed[x.id] || !open && !slices.Contains(x.reasons, e.Reason) {
			rt.Fatalf("session %s ended %+v and is listed: %v; want %v", x.id, e, listed[x.id], x.reasons)
		}
	}
}
