package auth_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

const (
	grace    = 30 * time.Second
	recovery = 24 * time.Hour
	idle     = 720 * time.Hour
	maxAge   = 8760 * time.Hour
	ms       = time.Millisecond

	session = "01890a5d-ac96-774b-bcce-b302099a8057"
)

var (
	policy = auth.Policy{Grace: grace, Recovery: recovery, Life: auth.Life{Idle: idle, Max: maxAge}}
	tagKey = []byte("the session's key of 32 bytes ...")[:32]
	secret = [32]byte([]byte("the secret of the presented token"))
	hash   = sha256.Sum256(secret[:])
	t0     = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
)

// current returns a presentation of the session's only token, sent so long ago.
func current(sent time.Duration) auth.Snapshot {
	return auth.Snapshot{
		Now:     t0,
		User:    auth.User{ID: "user"},
		Session: auth.SessionState{ID: session, TagKey: tagKey, CreatedAt: t0.Add(-sent), Generation: 1},
		Token:   auth.Token{Generation: 1, Hash: hash[:], SentAt: t0.Add(-sent), ExpiresAt: t0.Add(idle - sent)},
	}
}

// superseded returns a presentation of the first of two tokens, superseded so long ago; the second was sent then.
func superseded(ago time.Duration) auth.Snapshot {
	s := current(ago + time.Minute)
	s.Session.Generation = 2
	s.Token.SupersededAt = t0.Add(-ago)
	s.Token.SeenAt = t0.Add(-ago)
	s.Token.ExpiresAt = t0.Add(-ago + grace)
	s.Token.Sealed = []byte("sealed")
	s.Later = []auth.Token{{Generation: 2, SentAt: t0.Add(-ago), ExpiresAt: t0.Add(idle - ago)}}
	return s
}

// presented is the first token of the session, made so long ago.
func presented(made time.Duration) string {
	return auth.MakeToken(tagKey, session, 1, t0.Add(-made), secret)
}

// with changes a snapshot.
func with(s auth.Snapshot, change func(*auth.Snapshot)) auth.Snapshot {
	change(&s)
	return s
}

// moved returns a superseded presentation with a third token: the second was superseded without being seen.
func moved(ago, current time.Duration) auth.Snapshot {
	s := superseded(ago)
	s.Session.Generation = 3
	s.Later[0].SupersededAt, s.Later[0].Sealed = t0.Add(-current), []byte("sealed")
	s.Later = append(s.Later, auth.Token{Generation: 3, SentAt: t0.Add(-current), ExpiresAt: t0.Add(idle - current)})
	return s
}

// seen marks the later token i as seen so long ago.
func seen(s auth.Snapshot, i int, ago time.Duration) auth.Snapshot {
	s.Later[i].SeenAt = t0.Add(-ago)
	return s
}

func ended(s auth.Snapshot, r auth.Reason) auth.Snapshot {
	s.Session.EndedAt, s.Session.EndReason = t0.Add(-time.Hour), r
	return s
}

var (
	plain      = auth.RefreshOptions{}
	page       = auth.RefreshOptions{MinAge: grace, Recover: true}
	recovering = auth.RefreshOptions{Recover: true}
	byPage     = auth.RefreshOptions{MinAge: grace, Recover: true, Page: true}
)

func minAge(d time.Duration) auth.RefreshOptions { return auth.RefreshOptions{MinAge: d} }

// wrong makes the presented secret another than the row's.
func wrong(s auth.Snapshot) auth.Snapshot {
	return with(s, func(s *auth.Snapshot) { s.Token.Hash = make([]byte, 32) })
}

// decideRows is the table of the package's doc, with what lies on each side of every boundary.
var decideRows = []struct {
	name   string
	snap   auth.Snapshot
	opts   auth.RefreshOptions
	action auth.Action
	reason auth.Reason
}{
	{"S0 wrong secret", wrong(current(time.Minute)), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 wrong secret, superseded past its grace", wrong(superseded(time.Hour)), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 wrong secret tells no reason", ended(wrong(current(time.Minute)), auth.ReasonRevoked), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 no hash", with(current(time.Minute), func(s *auth.Snapshot) { s.Token.Hash = nil }), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 superseded, sent longer than idle ago", superseded(idle), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 comes before S0'", ended(superseded(idle), auth.ReasonRevoked), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"superseded, sent exactly idle ago, is reuse", superseded(idle - time.Minute), plain, auth.Reuse, auth.ReasonTokenReused},

	{"S0' logged out", ended(current(time.Minute), auth.ReasonLoggedOut), plain, auth.Refuse, auth.ReasonLoggedOut},
	{"S0' reused", ended(current(time.Minute), auth.ReasonTokenReused), page, auth.Refuse, auth.ReasonTokenReused},
	{"S0' superseded of an ended session", ended(superseded(time.Hour), auth.ReasonPasswordChanged), plain, auth.Refuse, auth.ReasonPasswordChanged},
	{"S0' superseded within grace of an ended session", ended(superseded(time.Second), auth.ReasonRevoked), page, auth.Refuse, auth.ReasonRevoked},
	{"S0' a millisecond past the end that it was sent with", with(current(time.Hour), func(s *auth.Snapshot) { s.Token.ExpiresAt = t0.Add(-ms) }), plain, auth.Refuse, auth.ReasonIdle},
	{"S1' at the end that it was sent with", with(current(time.Hour), func(s *auth.Snapshot) { s.Token.ExpiresAt = t0 }), plain, auth.Rotate, ""},
	{"S0' the current one past the end that it was sent with", with(superseded(ms), func(s *auth.Snapshot) { s.Later[0].ExpiresAt = t0.Add(-ms) }), page, auth.Refuse, auth.ReasonIdle},
	{"S0' idle by a millisecond", current(idle + ms), plain, auth.Refuse, auth.ReasonIdle},
	{"exactly idle is not too long", current(idle), plain, auth.Rotate, ""},
	{"S0' at max age", with(current(time.Minute), func(s *auth.Snapshot) { s.Session.CreatedAt = t0.Add(-maxAge) }), plain, auth.Refuse, auth.ReasonMaxAge},
	{"a millisecond before max age", with(current(time.Minute), func(s *auth.Snapshot) { s.Session.CreatedAt = t0.Add(-maxAge + ms) }), plain, auth.Rotate, ""},
	{"S0' superseded within grace at max age", with(superseded(time.Second), func(s *auth.Snapshot) { s.Session.CreatedAt = t0.Add(-maxAge) }), plain, auth.Refuse, auth.ReasonMaxAge},

	{"S1 younger than minAge", current(grace - ms), minAge(grace), auth.Keep, ""},
	{"S1 sent this moment", current(0), minAge(ms), auth.Keep, ""},
	{"S1' exactly minAge old", current(grace), minAge(grace), auth.Rotate, ""},
	{"S1 minAge is capped at the grace", current(grace), minAge(time.Hour), auth.Rotate, ""},
	{"S1 under the cap", current(grace - ms), minAge(time.Hour), auth.Keep, ""},
	{"S1 a minAge under the grace", current(10*time.Second - ms), minAge(10 * time.Second), auth.Keep, ""},
	{"S1' at a minAge under the grace", current(10 * time.Second), minAge(10 * time.Second), auth.Rotate, ""},
	{"S1' without minAge", current(0), plain, auth.Rotate, ""},
	{"S1' a negative minAge is none", current(0), minAge(-time.Hour), auth.Rotate, ""},
	{"S1' recover changes nothing", current(time.Minute), recovering, auth.Rotate, ""},

	{"S4 superseded this moment", superseded(0), plain, auth.Repeat, ""},
	{"S4 superseded exactly the grace ago", superseded(grace), plain, auth.Repeat, ""},
	{"S4 not seen before", with(superseded(time.Second), func(s *auth.Snapshot) { s.Token.SeenAt = time.Time{} }), plain, auth.Repeat, ""},
	{"S4 whatever was seen later", seen(superseded(grace), 0, grace), plain, auth.Repeat, ""},
	{"R a millisecond past the grace", superseded(grace + ms), plain, auth.Reuse, auth.ReasonTokenReused},
	{"R minAge alone does not recover", superseded(grace + ms), minAge(grace), auth.Reuse, auth.ReasonTokenReused},

	{"S5 current sent less than the grace ago", moved(time.Hour, grace-ms), page, auth.Repeat, ""},
	{"S5 later one seen exactly the grace ago", seen(moved(time.Hour, grace-ms), 0, grace), page, auth.Repeat, ""},
	{"S5' current sent exactly the grace ago", moved(time.Hour, grace), page, auth.MoveOn, ""},
	{"S5' a millisecond past the grace", superseded(grace + ms), page, auth.MoveOn, ""},
	{"S5' without minAge", superseded(grace + ms), recovering, auth.MoveOn, ""},
	{"S5' at the end of the recovery", superseded(recovery), page, auth.MoveOn, ""},
	{"S5' seen exactly the grace ago", seen(superseded(time.Hour), 0, grace), page, auth.MoveOn, ""},
	{"P a millisecond past the recovery", superseded(recovery + ms), byPage, auth.Undecided, auth.ReasonUndecided},
	{"P successor seen longer than the grace ago", seen(superseded(time.Hour), 0, grace+ms), byPage, auth.Undecided, auth.ReasonUndecided},
	{"S5' of a page", superseded(grace + ms), byPage, auth.MoveOn, ""},
	{"R a millisecond past the recovery", superseded(recovery + ms), page, auth.Reuse, auth.ReasonTokenReused},
	{"R successor seen longer than the grace ago", seen(superseded(time.Hour), 0, grace+ms), page, auth.Reuse, auth.ReasonTokenReused},
	{"R a later one in between seen longer ago", seen(moved(time.Hour, ms), 0, grace+ms), page, auth.Reuse, auth.ReasonTokenReused},
	{"R the current one seen longer ago", seen(moved(time.Hour, time.Minute), 1, grace+ms), page, auth.Reuse, auth.ReasonTokenReused},
	{"R its seal is gone", with(superseded(time.Hour), func(s *auth.Snapshot) { s.Token.Sealed = nil }), page, auth.Reuse, auth.ReasonTokenReused},
	{"R a seal in between is gone", with(moved(time.Hour, ms), func(s *auth.Snapshot) { s.Later[0].Sealed = nil }), page, auth.Reuse, auth.ReasonTokenReused},

	{"R one in between is gone", with(moved(time.Hour, ms), func(s *auth.Snapshot) { s.Later = s.Later[1:] }), page, auth.Reuse, auth.ReasonTokenReused},

	{"S0 of another session", with(current(time.Minute), func(s *auth.Snapshot) { s.Session.ID = strings.Replace(session, "7", "8", 1) }), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 under another key", with(current(time.Minute), func(s *auth.Snapshot) { s.Session.TagKey = make([]byte, 32) }), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 without a key", with(current(time.Minute), func(s *auth.Snapshot) { s.Session.TagKey = nil }), plain, auth.Refuse, auth.ReasonUnknownToken},
	{"S0 later than the current one", with(current(time.Minute), func(s *auth.Snapshot) { s.Session.Generation, s.Gone = 0, true }), plain, auth.Refuse, auth.ReasonUnknownToken},

	{"rows missing", with(superseded(time.Second), func(s *auth.Snapshot) { s.Later = nil }), page, auth.Corrupt, ""},
	{"the current row missing", with(moved(time.Second, 0), func(s *auth.Snapshot) { s.Later = s.Later[:1] }), page, auth.Corrupt, ""},
}

func TestDecide(t *testing.T) {
	for _, row := range decideRows {
		t.Run(row.name, func(t *testing.T) {
			d := auth.Decide(row.snap, presented(0), policy, row.opts)
			if d.Action != row.action || d.Reason != row.reason {
				t.Fatalf("decided %v %q, want %v %q", d.Action, d.Reason, row.action, row.reason)
			}
			checkChange(t, row.snap, d)
		})
	}
}

// checkChange compares a decision's change with the table's last column.
func checkChange(t *testing.T, s auth.Snapshot, d auth.Decision) {
	t.Helper()
	var want auth.Change
	if s.Token.SeenAt.IsZero() && d.Action != auth.Refuse && d.Action != auth.Reuse && d.Action != auth.Undecided {
		want.SeenAt = s.Now
	}
	last := s.Token
	if len(s.Later) > 0 {
		last = s.Later[len(s.Later)-1]
	}
	recovered := s.Now.After(s.Token.ExpiresAt) && s.Token.Generation != s.Session.Generation
	sessionEnd := s.Now.Add(idle)
	if end := s.Session.CreatedAt.Add(maxAge); end.Before(sessionEnd) {
		sessionEnd = end
	}
	switch d.Action {
	case auth.Rotate, auth.MoveOn:
		want.Succession = &auth.Succession{
			Generation: last.Generation, At: s.Now, ExpiresAt: s.Now.Add(grace),
			Next: auth.Token{Generation: s.Session.Generation + 1, SentAt: s.Now, ExpiresAt: sessionEnd},
		}
	case auth.Repeat:
		want.Resent = &auth.Resent{Generation: last.Generation, At: s.Now, ExpiresAt: sessionEnd}
	case auth.Reuse:
		want.End = &auth.Ending{SessionID: session, At: s.Now, Reason: auth.ReasonTokenReused, TokenID: session + "/1"}
	}
	if recovered && (d.Action == auth.Repeat || d.Action == auth.MoveOn) {
		want.Events = []auth.Event{{Kind: auth.EventTokenRecovered, At: s.Now, UserID: "user", SessionID: session, TokenID: session + "/1"}}
	}
	if diff := cmp.Diff(want, d.Change); diff != "" && d.Action != auth.Corrupt {
		t.Errorf("change (-want +got):\n%s", diff)
	}
}

// gone returns a presentation of a token whose row was pruned. The current one was sent so long ago.
func gone(sent time.Duration) auth.Snapshot {
	s := superseded(sent)
	s.Token, s.Gone = auth.Token{Generation: 1}, true
	return s
}

// What a token whose row is gone leads to is what it would lead to with its row, as long as a jar may hold it.
func TestDecideWhatIsGone(t *testing.T) {
	const kept = idle + recovery
	for _, row := range []struct {
		name   string
		snap   auth.Snapshot
		made   time.Duration // ago
		opts   auth.RefreshOptions
		action auth.Action
		reason auth.Reason
	}{
		{"R", gone(time.Minute), time.Hour, plain, auth.Reuse, auth.ReasonTokenReused},
		{"R though it asks for recovery", gone(time.Minute), time.Hour, page, auth.Reuse, auth.ReasonTokenReused},
		{"R though it was made this moment", gone(0), 0, page, auth.Reuse, auth.ReasonTokenReused},
		{"R as long as a jar may hold it", gone(time.Minute), kept, page, auth.Reuse, auth.ReasonTokenReused},
		{"P", gone(time.Minute), time.Hour, byPage, auth.Undecided, auth.ReasonUndecided},
		{"S0 a millisecond later", gone(time.Minute), kept + ms, page, auth.Refuse, auth.ReasonUnknownToken},
		{"S0 comes before S0'", ended(gone(time.Minute), auth.ReasonRevoked), kept + ms, page, auth.Refuse, auth.ReasonUnknownToken},
		{"S0 under another key", with(gone(time.Minute), func(s *auth.Snapshot) { s.Session.TagKey = make([]byte, 32) }), time.Hour, plain, auth.Refuse, auth.ReasonUnknownToken},
		{"S0' ended", ended(gone(time.Minute), auth.ReasonRevoked), time.Hour, page, auth.Refuse, auth.ReasonRevoked},
		{"S0' ended, and nothing later is shown", with(ended(gone(time.Minute), auth.ReasonRevoked), func(s *auth.Snapshot) { s.Later = nil }), time.Hour, page, auth.Refuse, auth.ReasonRevoked},
		{"S0' at max age", with(gone(time.Minute), func(s *auth.Snapshot) { s.Session.CreatedAt = t0.Add(-maxAge) }), time.Hour, page, auth.Refuse, auth.ReasonMaxAge},
		{"S0' idle by a millisecond", gone(idle + ms), idle + time.Hour, page, auth.Refuse, auth.ReasonIdle},
		{"R exactly idle is not too long", gone(idle), idle + time.Hour, page, auth.Reuse, auth.ReasonTokenReused},
		{"the current one is gone", with(gone(0), func(s *auth.Snapshot) { s.Session.Generation, s.Later = 1, nil }), 0, page, auth.Corrupt, ""},
		{"all rows are gone", with(gone(0), func(s *auth.Snapshot) { s.Later = nil }), 0, page, auth.Corrupt, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := auth.Decide(row.snap, presented(row.made), policy, row.opts)
			if d.Action != row.action || d.Reason != row.reason {
				t.Fatalf("decided %v %q, want %v %q", d.Action, d.Reason, row.action, row.reason)
			}
			checkChange(t, row.snap, d)
		})
	}
	p := policy
	p.Recovery = 0
	if d := auth.Decide(gone(time.Minute), presented(idle+grace), p, page); d.Action != auth.Reuse {
		t.Errorf("recovery 0, as long as a jar may hold it: %v, want reuse", d.Action)
	}
	if d := auth.Decide(gone(time.Minute), presented(idle+grace+ms), p, page); d.Action != auth.Refuse {
		t.Errorf("recovery 0, a millisecond later: %v, want refuse", d.Action)
	}
}

func TestDecideWithoutRecovery(t *testing.T) {
	p := policy
	p.Recovery = 0
	if d := auth.Decide(superseded(grace+ms), presented(0), p, page); d.Action != auth.Reuse {
		t.Errorf("recovery 0: %v, want reuse", d.Action)
	}
	if d := auth.Decide(superseded(grace), presented(0), p, page); d.Action != auth.Repeat {
		t.Errorf("recovery 0 within the grace: %v, want repeat", d.Action)
	}
	p.Life.Max = 0
	if d := auth.Decide(with(current(time.Minute), func(s *auth.Snapshot) { s.Session.CreatedAt = time.Unix(0, 0) }), presented(0), p, page); d.Action != auth.Rotate {
		t.Errorf("max 0 at a great age: %v, want rotate", d.Action)
	}
}
