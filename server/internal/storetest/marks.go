package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

// manySessions is more than are ended with rows of their own in one transaction.
const manySessions = 2*auth.MaxSessions + 60

// crowd is an account with very many sessions, as releases without auth.MaxSessions left them.
type crowd struct {
	*fixture
	s, other Store // two processes
	account  auth.Account
	asking   auth.Opening   // the oldest session: its password change leaves it alone
	rest     []auth.Opening // the others
}

func (f *fixture) crowd() *crowd {
	c := &crowd{fixture: f, s: f.process(), other: f.process()}
	c.account, c.asking = f.account(c.s, time.Minute)
	c.rest = c.sessions(manySessions - 1)
	return c
}

// sessions opens so many more, several at once: commits are slow.
func (c *crowd) sessions(n int) []auth.Opening {
	c.t.Helper()
	opened := make([]auth.Opening, n)
	var wg sync.WaitGroup
	for worker := range 20 {
		wg.Go(func() {
			for i := worker; i < n; i += 20 {
				if err := c.s.OpenSession(ctx, c.account.ID, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
					opened[i] = opening(c.account.ID, snap.Now, 0)
					return opened[i], nil
				}); err != nil {
					c.t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return opened
}

// changePassword ends all sessions but the asking one.
func (c *crowd) changePassword() auth.Ended {
	c.t.Helper()
	id := auth.Identity{UserID: c.account.ID, SessionID: c.asking.Session.ID}
	ended, err := c.s.ChangePassword(ctx, id, auth.Limit{}, forever, func(auth.LoginSnapshot) (auth.PasswordChange, error) {
		return auth.PasswordChange{PasswordHash: "second hash", End: auth.Ending{Reason: auth.ReasonPasswordChanged,
			BySession: id.SessionID, IP: "192.0.2.1", UserAgent: "Test/1.0"}}, nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return ended
}

// logOut ends all sessions of the account.
func (c *crowd) logOut() auth.Ended {
	c.t.Helper()
	ended, err := c.s.EndSessions(ctx, auth.Selection{UserID: c.account.ID}, forever, auth.Ending{Reason: auth.ReasonLoggedOut})
	if err != nil {
		c.t.Fatal(err)
	}
	return ended
}

// wantLive holds that these sessions of the account are live, and no other, by every way to ask.
func (c *crowd) wantLive(when string, want ...auth.Opening) {
	c.t.Helper()
	ids := map[string]bool{}
	for _, o := range want {
		ids[o.Session.ID] = true
	}
	listed, operators := map[string]bool{}, map[string]bool{}
	list, err := c.other.Sessions(ctx, c.account.ID, forever, 2*manySessions)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, x := range list {
		listed[x.ID] = true
	}
	all, err := c.other.LiveSessions(ctx, c.account.ID, 2*manySessions)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, x := range all {
		operators[x.ID] = true
	}
	if diff := cmp.Diff(ids, listed); diff != "" {
		c.t.Errorf("%s: sessions (-want +got):\n%s", when, diff)
	}
	if diff := cmp.Diff(ids, operators); diff != "" {
		c.t.Errorf("%s: the operator's sessions (-want +got):\n%s", when, diff)
	}
}

// wantEnded holds that the sessions have ended for the reason.
func (c *crowd) wantEnded(when string, reason auth.Reason, sessions ...auth.Opening) {
	c.t.Helper()
	for i, o := range sessions {
		e := c.ending(c.other, o.Session.ID)
		if e.Reason != reason || e.At.IsZero() {
			c.t.Fatalf("%s: session %s ended %+v, want %s", when, o.Session.ID, e, reason)
		}
		if i%20 > 0 {
			continue // a presentation is a transaction
		}
		if shown := c.look(c.other, first(o)).Session; shown.EndReason != reason || !shown.EndedAt.Equal(e.At) {
			c.t.Fatalf("%s: session %s is presented as %+v, want %+v", when, o.Session.ID, shown, e)
		}
	}
}

// endings returns the sessions and the accounts that another process learns of.
func (c *crowd) endings(since time.Time) (sessions, accounts map[string]auth.Reason) {
	c.t.Helper()
	list, _, err := c.other.Endings(ctx, since)
	if err != nil {
		c.t.Fatal(err)
	}
	sessions, accounts = map[string]auth.Reason{}, map[string]auth.Reason{}
	for _, e := range list {
		if e.SessionID != "" {
			sessions[e.SessionID] = e.Reason
		} else {
			accounts[e.UserID] = e.Reason
		}
	}
	return sessions, accounts
}

// testEndMany ends very many sessions in one short transaction. All have ended when it returns, and stay so while their
// rows are written.
func testEndMany(t *testing.T, f *fixture) {
	c := f.crowd()
	_, before, err := c.s.Endings(ctx, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	ended := c.changePassword()
	if !ended.Marked || ended.Live() != len(c.rest) || len(ended.Sessions) != 2*auth.MaxSessions {
		t.Errorf("ended %d sessions, %d with rows of their own, marked %v; want %d, %d, true",
			ended.Live(), len(ended.Sessions), ended.Marked, len(c.rest), 2*auth.MaxSessions)
	}
	c.wantLive("after the change", c.asking)
	c.wantEnded("after the change", auth.ReasonPasswordChanged, c.rest...)
	evidence := c.ending(c.s, c.rest[0].Session.ID)
	if evidence.BySession != c.asking.Session.ID || evidence.IP != "192.0.2.1" || evidence.UserAgent != "Test/1.0" {
		t.Errorf("evidence: %+v", evidence)
	}
	sessions, accounts := c.endings(before)
	if len(sessions) != len(ended.Sessions) || accounts[c.account.ID] != auth.ReasonPasswordChanged {
		t.Errorf("another process learns of %d sessions and of accounts %v", len(sessions), accounts)
	}
	wantIs(t, c.s.Present(ctx, c.rest[0].Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) {
		return auth.Change{}, errGivenUp
	}), errGivenUp)
	c.rotate(c.s, first(c.asking))

	// What opens after the mark lives. What the mark has spared can be ended, and nothing else changes by that.
	later := c.session(c.s, c.account.ID, 0)
	c.wantLive("with a new session", c.asking, later)
	if ended := c.logOut(); ended.Marked || ended.Live() != 2 {
		t.Errorf("then ended %+v", ended)
	}
	c.wantLive("after the logout")
	c.wantEnded("after the logout", auth.ReasonLoggedOut, c.asking, later)
	c.wantEnded("after the logout", auth.ReasonPasswordChanged, c.rest...)
	last := c.session(c.s, c.account.ID, 0)

	c.prune(c.s, keepAll, 20)
	c.wantLive("when the rows are written", last)
	c.wantEnded("when the rows are written", auth.ReasonLoggedOut, c.asking, later)
	c.wantEnded("when the rows are written", auth.ReasonPasswordChanged, c.rest...)
	if diff := cmp.Diff(evidence, c.ending(c.s, c.rest[0].Session.ID)); diff != "" {
		t.Errorf("the row's evidence (-mark's +row's):\n%s", diff)
	}
	if sessions, accounts := c.endings(before); len(sessions) != manySessions+1 || len(accounts) != 0 {
		t.Errorf("another process learns of %d sessions and of accounts %v", len(sessions), accounts)
	}
	recorded := map[string]int{}
	for _, e := range c.audit(c.s, auth.AuditFilter{Kind: auth.EventSessionEnded}) {
		recorded[e.SessionID]++
		if e.UserID != c.account.ID {
			t.Errorf("event %+v", e)
		}
	}
	if len(recorded) != manySessions+1 || recorded[c.rest[0].Session.ID] != 1 || recorded[last.Session.ID] != 0 {
		t.Errorf("%d endings are on record", len(recorded))
	}
	c.rotate(c.s, first(last))
}

// testEndManyTwice marks an account that is marked already.
func testEndManyTwice(t *testing.T, f *fixture) {
	c := f.crowd()
	c.changePassword()
	fresh := append(c.sessions(manySessions), c.asking)
	if ended := c.logOut(); !ended.Marked || ended.Live() != len(fresh) {
		t.Errorf("ended %d of %d, marked %v", ended.Live(), len(fresh), ended.Marked)
	}
	c.wantLive("after the logout")
	c.wantEnded("after the logout", auth.ReasonLoggedOut, fresh...)
	if again := c.logOut(); again.Marked || again.Live() != 0 {
		t.Errorf("once more: %+v", again)
	}
	// An operator's round finds nothing that is open, and an ended session that asks is spared by nothing.
	if live, err := auth.EndByOperator(ctx, c.s, auth.Selection{UserID: c.account.ID}); live != 0 || err != nil {
		t.Errorf("an operator ended %d, %v", live, err)
	}
	c.sessions(manySessions)
	c.changePassword()
	c.wantLive("after a change that an ended session asks for")
	c.prune(c.s, keepAll, 200)
	c.wantLive("when the rows are written")
	for _, o := range fresh {
		if e := c.ending(c.s, o.Session.ID); e.Reason != auth.ReasonLoggedOut && e.Reason != auth.ReasonPasswordChanged {
			t.Errorf("session %s: %+v", o.Session.ID, e)
		}
	}
}

// testSweepSideBySide has two processes write the rows of one mark.
func testSweepSideBySide(t *testing.T, f *fixture) {
	c := f.crowd()
	c.logOut()
	done := make(chan int, 2)
	for _, s := range []Store{c.s, c.other} {
		go func() {
			total := 0
			for at := (auth.PruneCursor{}); ; {
				next, n, err := s.Prune(ctx, keepAll, at, 5)
				if err != nil {
					t.Error(err)
				}
				total += n
				if at = next; err != nil || at == (auth.PruneCursor{}) {
					done <- total
					return
				}
			}
		}()
	}
	if got, want := <-done+<-done, manySessions-2*auth.MaxSessions; got != want {
		t.Errorf("%d rows were written, want %d", got, want)
	}
	if got := c.audit(c.s, auth.AuditFilter{Kind: auth.EventSessionEnded}); len(got) != manySessions {
		t.Errorf("%d endings are on record, want %d", len(got), manySessions)
	}
}

// testEndManyAgain marks an account whose sessions have the epoch of a mark that is gone.
func testEndManyAgain(t *testing.T, f *fixture) {
	c := f.crowd()
	c.changePassword()
	fresh := append(c.sessions(manySessions), c.asking)
	c.prune(c.s, keepAll, 200)
	c.wantLive("when the rows are written", fresh...)
	if ended := c.logOut(); !ended.Marked || ended.Live() != len(fresh) {
		t.Errorf("ended %d of %d, marked %v", ended.Live(), len(fresh), ended.Marked)
	}
	c.wantLive("after the logout")
	c.wantEnded("after the logout", auth.ReasonLoggedOut, fresh...)
	c.wantEnded("after the logout", auth.ReasonPasswordChanged, c.rest...)
}
