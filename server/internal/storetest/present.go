package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

func testSnapshot(t *testing.T, f *fixture) {
	s := f.process()
	a, o := f.account(s, time.Minute)
	first := first(o)
	second := f.rotate(s, first)
	third := f.rotate(s, second)
	f.session(s, a.ID, 0) // must not mix in
	snap := f.look(s, first)
	now := snap.Now
	if !now.Equal(now.Truncate(time.Millisecond)) || now.Location() != time.UTC || now.Before(o.Session.CreatedAt) {
		t.Errorf("now is %v", now)
	}
	stamp := snap.Later[0].SentAt // by rotate
	again := snap.Later[1].SentAt
	want := auth.Snapshot{
		Now: now, User: a.User,
		Session: auth.SessionState{ID: o.Session.ID, TagKey: o.TagKey, CreatedAt: o.Session.CreatedAt, Generation: 3},
		Token: auth.Token{Generation: 1, Hash: []byte("hash 1"), SentAt: o.Token.SentAt,
			ExpiresAt: stamp.Add(30 * time.Second), SupersededAt: stamp, SeenAt: stamp, Sealed: []byte("sealed")},
		Later: []auth.Token{
			{Generation: 2, Hash: []byte("hash 2"), SentAt: stamp,
				ExpiresAt: again.Add(30 * time.Second), SupersededAt: again, SeenAt: again, Sealed: []byte("sealed")},
			{Generation: 3, Hash: []byte("hash 3"), SentAt: again, ExpiresAt: again.Add(time.Hour)},
		},
	}
	if diff := cmp.Diff(want, snap); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if later := f.look(s, third).Later; len(later) != 0 {
		t.Errorf("%d tokens later than the current one", len(later))
	}
	wantIs(t, s.Present(ctx, newID(), 1, func(auth.Snapshot) (auth.Change, error) {
		t.Error("called for an unknown session")
		return auth.Change{}, nil
	}), auth.ErrNotFound)
	beyond := f.look(s, token{o.Session.ID, 4})
	want.Now, want.Token, want.Gone, want.Later = beyond.Now, auth.Token{Generation: 4}, true, nil
	if diff := cmp.Diff(want, beyond); diff != "" {
		t.Errorf("snapshot of a token that is not there (-want +got):\n%s", diff)
	}
}

func testChanges(t *testing.T, f *fixture) {
	s := f.process()
	_, o := f.account(s, time.Minute)
	first := first(o)
	second := f.rotate(s, first)
	// A recovery that sends the current token once more.
	var at time.Time
	f.present(s, first, func(snap auth.Snapshot) auth.Change {
		at = snap.Now.Add(time.Minute)
		return auth.Change{Resent: &auth.Resent{Generation: 2, At: at, ExpiresAt: at.Add(time.Hour)}}
	})
	snap := f.look(s, second)
	if !snap.Token.SentAt.Equal(at) || !snap.Token.ExpiresAt.Equal(at.Add(time.Hour)) || !snap.Token.SeenAt.IsZero() {
		t.Errorf("sent again: %+v", snap.Token)
	}
	// A recovery that moves on: the current token is not the presented one, and is not seen.
	f.present(s, first, func(snap auth.Snapshot) auth.Change {
		c := rotation(auth.Snapshot{Now: snap.Now, Session: snap.Session, Token: snap.Later[0]})
		c.SeenAt = time.Time{}
		return c
	})
	snap = f.look(s, second)
	if snap.Session.Generation != 3 || snap.Token.SupersededAt.IsZero() || !snap.Token.SeenAt.IsZero() || len(snap.Later) != 1 {
		t.Errorf("moved on: %+v", snap)
	}
	// The end, with everything that is known of it. Its seals are gone, and what came after is not shown.
	var end auth.Ending
	f.present(s, first, func(snap auth.Snapshot) auth.Change {
		end = auth.Ending{SessionID: snap.Session.ID, At: snap.Now, Reason: auth.ReasonTokenReused, TokenID: "the first",
			BySession: "other", IP: "192.0.2.66", UserAgent: "Thief/1.0"}
		return auth.Change{End: &end}
	})
	if diff := cmp.Diff(end, f.ending(s, o.Session.ID)); diff != "" {
		t.Errorf("ending (-want +got):\n%s", diff)
	}
	snap = f.look(s, first)
	if !snap.Session.EndedAt.Equal(end.At) || snap.Session.EndReason != auth.ReasonTokenReused || snap.Token.Sealed != nil || len(snap.Later) != 0 {
		t.Errorf("ended: %+v", snap)
	}
}

func testChangesThatDoNotFit(t *testing.T, f *fixture) {
	s := f.process()
	_, o := f.account(s, time.Minute)
	second := f.rotate(s, first(o))
	before := f.look(s, first(o))
	for _, row := range []struct {
		name   string
		change func(auth.Snapshot) auth.Change
	}{
		{"successor of a superseded token", rotation},
		{"superseded token sent again", func(snap auth.Snapshot) auth.Change {
			return auth.Change{Resent: &auth.Resent{Generation: snap.Token.Generation, At: snap.Now, ExpiresAt: snap.Now}}
		}},
		{"generation of another time", func(snap auth.Snapshot) auth.Change {
			c := rotation(snap)
			c.Succession.Generation, c.Succession.Next.Generation = 3, 4
			return c
		}},
		{"end of an unknown session", func(snap auth.Snapshot) auth.Change {
			return auth.Change{SeenAt: snap.Now, End: &auth.Ending{SessionID: newID(), At: snap.Now, Reason: auth.ReasonRevoked}}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantIs(t, s.Present(ctx, o.Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) { return row.change(snap), nil }),
				auth.ErrChanged)
			after := f.look(s, first(o))
			after.Now = before.Now
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("changed all the same (-before +after):\n%s", diff)
			}
		})
	}
	third := f.rotate(s, second)
	if _, err := s.EndSessions(ctx, auth.Selection{UserID: o.Session.UserID}, forever, auth.Ending{Reason: auth.ReasonRevoked}); err != nil {
		t.Fatal(err)
	}
	wantIs(t, s.Present(ctx, third.session, third.generation, func(snap auth.Snapshot) (auth.Change, error) { return rotation(snap), nil }), auth.ErrChanged)
}

func testPresentGivenUp(t *testing.T, f *fixture) {
	s := f.process()
	_, o := f.account(s, time.Minute)
	wantIs(t, s.Present(ctx, o.Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) { return rotation(snap), errGivenUp }), errGivenUp)
	if snap := f.look(s, first(o)); snap.Session.Generation != 1 || !snap.Token.SeenAt.IsZero() {
		t.Errorf("changed all the same: %+v", snap)
	}
}

// testRacingPresentations presents one token many times at once, from two processes, each with the rule that only a
// current token is rotated: there must be one successor.
func testRacingPresentations(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	_, o := f.account(stores[0], time.Minute)
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		made = map[string]bool{}
		told = map[string]bool{}
	)
	for i := range 32 {
		wg.Go(func() {
			var c auth.Change
			var current string
			err := stores[i%2].Present(ctx, o.Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) {
				c, current = auth.Change{}, ""
				if snap.Token.Generation == snap.Session.Generation {
					c = rotation(snap)
					c.Succession.Next.Hash = []byte(newID())
				} else {
					current = string(snap.Later[len(snap.Later)-1].Hash)
				}
				return c, nil
			})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if c.Succession != nil {
				current = string(c.Succession.Next.Hash)
				made[current] = true
			}
			told[current] = true
		})
	}
	wg.Wait()
	if len(made) != 1 || len(told) != 1 {
		t.Errorf("%d successors, %d told", len(made), len(told))
	}
	if snap := f.look(stores[1], first(o)); snap.Session.Generation != 2 || len(snap.Later) != 1 || !made[string(snap.Later[0].Hash)] {
		t.Errorf("in the end: %+v", snap)
	}
}

// testPresentRacingEnding rotates as fast as it can while another process ends the session: what has been ended is
// neither rotated nor brought back.
func testPresentRacingEnding(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	a, o := f.account(stores[0], time.Minute)
	warm, failed, done := make(chan struct{}), make(chan struct{}), make(chan int64, 1)
	go func() {
		defer close(done)
		token, generation, ended := first(o), int64(0), false
		for n := 0; !ended; n++ {
			select {
			case <-failed:
				return
			case <-time.After(time.Millisecond):
				// A pause, as between any two requests: two processes that write without one starve each other on an engine
				// whose lock goes to whoever tries at the right moment.
			}
			if err := stores[0].Present(ctx, token.session, token.generation, func(snap auth.Snapshot) (auth.Change, error) {
				generation, ended = snap.Session.Generation, !snap.Session.EndedAt.IsZero()
				if ended {
					return auth.Change{}, nil
				}
				return rotation(snap), nil
			}); err != nil {
				t.Error(err)
				return
			}
			token.generation++
			if n == 10 {
				close(warm)
			}
		}
		done <- generation
	}()
	select {
	case <-warm:
	case <-done:
		t.Fatal("the rotations stopped before the session was ended")
	}
	if ended, err := stores[1].EndSessions(ctx, auth.Selection{UserID: a.ID}, forever, auth.Ending{Reason: auth.ReasonRevoked}); ended.Live() != 1 || err != nil {
		close(failed)
		<-done
		t.Fatalf("ended %d, %v", ended.Live(), err)
	}
	at := f.look(stores[1], first(o)).Session
	if last := <-done; last != at.Generation || at.EndReason != auth.ReasonRevoked {
		t.Errorf("ended at generation %d (%s), rotated to %d", at.Generation, at.EndReason, last)
	}
}
