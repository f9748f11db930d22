package storetest

import (
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

func testMarkSeen(t *testing.T, f *fixture) {
	s := f.process()
	_, o := f.account(s, time.Minute)
	mark := func(generation int64) {
		t.Helper()
		if err := s.MarkSeen(ctx, answer(o, generation)); err != nil {
			t.Error(err)
		}
	}
	mark(1)
	if first := f.look(s, first(o)); first.Token.SeenAt.IsZero() || first.Token.SeenAt.After(first.Now) {
		t.Errorf("seen at %v", first.Token.SeenAt)
	}
	second := f.rotate(s, first(o))
	wantIs(t, s.MarkSeen(ctx, answer(o, 3)), auth.ErrNotFound)
	if !f.look(s, second).Token.SeenAt.IsZero() {
		t.Error("marked another generation")
	}
	// A later mark does not change the time of the first.
	var at time.Time
	for _, later := range []time.Duration{-time.Hour, time.Hour} {
		f.present(s, second, func(snap auth.Snapshot) auth.Change {
			if at.IsZero() {
				at = snap.Now.Add(later)
			}
			return auth.Change{SeenAt: snap.Now.Add(later)}
		})
		mark(2)
	}
	if snap := f.look(s, second); !snap.Token.SeenAt.Equal(at) {
		t.Errorf("seen at %v, want %v", snap.Token.SeenAt, at)
	}
}

// answer names the answer of the session with the token of this generation.
func answer(o auth.Opening, generation int64) auth.Answer {
	return auth.Answer{UserID: o.Session.UserID, SessionID: o.Session.ID, Generation: generation}
}

// testAnswers asks of answers that were given, and of others that never were.
func testAnswers(t *testing.T, f *fixture) {
	s := f.process()
	_, o := f.account(s, time.Minute)
	another, _ := f.account(s, time.Minute)
	f.rotate(s, f.rotate(s, first(o)))
	of := func(userID, sessionID string, generation int64) auth.Answer {
		return auth.Answer{UserID: userID, SessionID: sessionID, Generation: generation}
	}
	for _, row := range []struct {
		name string
		a    auth.Answer
		want error
	}{
		{"another user", of(another.ID, o.Session.ID, 3), auth.ErrNotFound}, // before it is marked
		{"the first", answer(o, 1), nil},
		{"the current one", answer(o, 3), nil},
		{"one that is to come", answer(o, 4), auth.ErrNotFound},
		{"no session", of(o.Session.UserID, newID(), 1), auth.ErrNotFound},
		{"no user", of(newID(), o.Session.ID, 1), auth.ErrNotFound},
		{"another user, one that is to come", of(another.ID, o.Session.ID, 4), auth.ErrNotFound},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 2 { // the second time it is marked
				wantIs(t, s.Answered(ctx, row.a), row.want)
				wantIs(t, s.MarkSeen(ctx, row.a), row.want)
			}
		})
	}
	for generation, seen := range map[int64]bool{1: true, 2: true, 3: true} { // the first two were presented
		if snap := f.look(s, token{o.Session.ID, generation}); snap.Token.SeenAt.IsZero() == seen {
			t.Errorf("generation %d: seen at %v", generation, snap.Token.SeenAt)
		}
	}
	// The rows of tokens go, and the answers that they came in stay known.
	long := f.chain(s, 0, past{superseded: 50 * time.Hour, expired: 49 * time.Hour})
	f.wantRemoved(f.prune(s, auth.Retention{Grace: time.Hour, Recovery: 24 * time.Hour}, 100), 1)
	for generation := range int64(2) {
		wantIs(t, s.Answered(ctx, answer(long, generation+1)), nil)
		wantIs(t, s.MarkSeen(ctx, answer(long, generation+1)), nil)
	}
}
