package auth

import (
	"crypto/subtle"
	"time"
)

// Policy holds the durations that a presentation is judged by.
type Policy struct {
	Grace    time.Duration // how long a superseded token stays good
	Recovery time.Duration // how long after it was superseded a token can be recovered; 0: never
	Life     Life
}

// action is what a presentation of a refresh token leads to.
type action int

const (
	refuse    action = iota // S0, S0': no answer, and nothing changes
	keep                    // S1: an access token, and the cookie stays
	rotate                  // S1': a new token in the place of the presented one
	repeat                  // S4, S5: the current token once more
	moveOn                  // S5': a new token in the place of the current one, which its holder never got
	reuse                   // R: the session is ended
	undecided               // P: reuse by its age, but of a page request: nothing changes, and the client's refresh will judge
	corrupt                 // rows are missing that must be there: nothing is decided on such ground
)

// decision is the judgement on a presentation and what it changes. The secrets of a new token are not in it: the
// caller fills in Succession.Sealed, and Hash of Succession.Next.
type decision struct {
	action action
	reason Reason // of refuse, reuse and undecided
	change Change
}

// decide applies the table of the package's doc to the presentation of a token. It has no effects and knows no other time
// than s.Now. Rows are judged in the table's order; what it calls "at most" and "less than" is meant to the
// millisecond.
func decide(s Snapshot, t refreshToken, p Policy, o RefreshOptions) decision {
	current := t.generation == s.Session.Generation
	switch {
	case !genuine(s, t), !current && forgotten(s, t, p):
		return decision{action: refuse, reason: ReasonUnknownToken}
	case !s.Session.EndedAt.IsZero():
		return decision{action: refuse, reason: s.Session.EndReason}
	case p.Life.Max > 0 && s.Now.Sub(s.Session.CreatedAt) >= p.Life.Max:
		return decision{action: refuse, reason: ReasonMaxAge}
	case !whole(s, t):
		return decision{action: corrupt}
	case s.Now.Sub(s.current().SentAt) > p.Life.Idle, s.Now.After(s.current().ExpiresAt):
		return decision{action: refuse, reason: ReasonIdle}
	case current:
		return decideCurrent(s, p, o)
	default:
		return decideSuperseded(s, p, o)
	}
}

// genuine reports whether the token was issued by us and has the right secret. A tag says both, and for a token whose
// row is there the hash must agree. A token that the session has not come to yet is one of another time: the database
// was restored from an older copy.
func genuine(s Snapshot, t refreshToken) bool {
	hash := t.hash()
	return t.authentic(s.Session.TagKey, s.Session.ID) && t.generation <= s.Session.Generation &&
		(s.Gone || subtle.ConstantTimeCompare(s.Token.Hash, hash[:]) == 1)
}

// forgotten reports whether a superseded token is so old that no cookie jar can hold it any more: it was last sent
// longer than idle-ttl ago. Of a token whose row is gone it is known when it was made, and that it was last sent at most
// max(recovery, grace) later. For it was sent again only while it was current, and only to whoever presented a token that
// was superseded at most the grace ago (S4) or recovery ago (S5); and the last one to be superseded before it was made
// was so at the moment when it was made.
func forgotten(s Snapshot, t refreshToken, p Policy) bool {
	if s.Gone {
		return s.Now.Sub(t.made) > p.Life.Idle+max(p.Recovery, p.Grace)
	}
	return s.Now.Sub(s.Token.SentAt) > p.Life.Idle
}

// whole reports whether the rows of a live session show what the session says: that its current token is there.
func whole(s Snapshot, t refreshToken) bool {
	if t.generation == s.Session.Generation {
		return !s.Gone
	}
	return len(s.Later) > 0 && s.current().Generation == s.Session.Generation
}

// current returns the row of the session's current token, where there is one.
func (s Snapshot) current() Token {
	if len(s.Later) == 0 {
		return s.Token
	}
	return s.Later[len(s.Later)-1]
}

// decideCurrent judges the current token of a live session: S1 and S1'.
func decideCurrent(s Snapshot, p Policy, o RefreshOptions) decision {
	d := decision{action: keep, change: Change{SeenAt: firstSeen(s)}}
	if s.Now.Sub(s.Token.SentAt) < min(o.MinAge, p.Grace) && o.MinAge > 0 {
		return d
	}
	d.action = rotate
	d.change.Succession = succession(s, s.Token, p)
	return d
}

// decideSuperseded judges a superseded token of a live session: S4, S5, S5', P and R.
func decideSuperseded(s Snapshot, p Policy, o RefreshOptions) decision {
	current, name := s.current(), tokenName(s.Session.ID, s.Token.Generation)
	d := decision{action: repeat, change: Change{SeenAt: firstSeen(s)}}
	inGrace := !s.Gone && !s.Now.After(s.Token.ExpiresAt)
	switch {
	case !inGrace && !recoverable(s, p, o) && o.Page:
		return decision{action: undecided, reason: ReasonUndecided}
	case !inGrace && !recoverable(s, p, o):
		return decision{action: reuse, reason: ReasonTokenReused,
			change: Change{End: &Ending{SessionID: s.Session.ID, At: s.Now, Reason: ReasonTokenReused, TokenID: name}}}
	case !inGrace && s.Now.Sub(current.SentAt) >= p.Grace:
		d.action = moveOn
		d.change.Succession = succession(s, current, p)
	default:
		d.change.Resent = &Resent{Generation: current.Generation, At: s.Now, ExpiresAt: p.Life.end(s.Now, s.Session.CreatedAt)}
	}
	if !inGrace {
		d.change.Events = []Event{{Kind: EventTokenRecovered, At: s.Now,
			UserID: s.User.ID, SessionID: s.Session.ID, TokenID: name}}
	}
	return d
}

// recoverable reports whether a token past its grace may be answered all the same: its holder asks for it, it is not
// too late, and whoever got a later token has not used it for longer than the racing requests of one restart take
// (counter-example C2).
//
// It must also lead to the current token, seal by seal. Pruning does not change that: a row goes once its grace has
// passed and it can never be recovered again, for it was superseded longer ago than recovery, or a later token was seen
// for longer than the grace. Both then hold of every row before it as well, which was superseded no later and has the
// same later tokens; and both hold for ever, as time goes on. So what a token needs that can be recovered is there. Only
// a configuration with a longer recovery may find a chain that was cut while it was shorter: that is reuse.
func recoverable(s Snapshot, p Policy, o RefreshOptions) bool {
	if s.Gone || !o.Recover || s.Now.Sub(s.Token.SupersededAt) > p.Recovery {
		return false
	}
	before := s.Token
	for _, t := range s.Later {
		if t.Generation != before.Generation+1 || before.Sealed == nil || !t.SeenAt.IsZero() && s.Now.Sub(t.SeenAt) > p.Grace {
			return false
		}
		before = t
	}
	return true
}

// firstSeen returns the time from which the presented token is seen, or zero where it was seen before.
func firstSeen(s Snapshot) time.Time {
	if s.Token.SeenAt.IsZero() {
		return s.Now
	}
	return time.Time{}
}

// succession puts a new token in the place of current.
func succession(s Snapshot, current Token, p Policy) *Succession {
	return &Succession{
		Generation: current.Generation, At: s.Now, ExpiresAt: s.Now.Add(p.Grace),
		Next: Token{Generation: current.Generation + 1, SentAt: s.Now, ExpiresAt: p.Life.end(s.Now, s.Session.CreatedAt)},
	}
}

// end returns when a session ends that was created and last sent a token at the given times. The row of the token keeps
// this end: a longer life in a later configuration revives no session that is past it.
func (l Life) end(sent, created time.Time) time.Time {
	end := sent.Add(l.Idle)
	if l.Max > 0 && created.Add(l.Max).Before(end) {
		end = created.Add(l.Max)
	}
	return end
}
