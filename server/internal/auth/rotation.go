package auth

import (
	"crypto/sha256"
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
	refuse  action = iota // S0, S0': no answer, and nothing changes
	keep                  // S1: an access token, and the cookie stays
	rotate                // S1': a new token in the place of the presented one
	repeat                // S4, S5: the current token once more
	moveOn                // S5': a new token in the place of the current one, which its holder never got
	reuse                 // R: the session is ended
	corrupt               // rows are missing that must be there: nothing is decided on such ground
)

// decision is the judgement on a presentation and what it changes. The secrets of a new token are not in it: the
// caller fills in Succession.Sealed, and ID and Hash of Succession.Next.
type decision struct {
	action action
	reason Reason // of refuse and reuse
	change Change
}

// decide applies the table of ROTATION.md to the presentation of a token whose secret has the given hash. It has no
// effects and knows no other time than s.Now. Rows are judged in the table's order; what it calls "at most" and "less
// than" is meant to the millisecond.
func decide(s Snapshot, hash [sha256.Size]byte, p Policy, o RefreshOptions) decision {
	current := s.Token.Generation == s.Session.Generation
	switch {
	case subtle.ConstantTimeCompare(s.Token.Hash, hash[:]) != 1,
		!current && s.Now.Sub(s.Token.SentAt) > p.Life.Idle:
		return decision{action: refuse, reason: ReasonUnknownToken}
	case !s.Session.EndedAt.IsZero():
		return decision{action: refuse, reason: s.Session.EndReason}
	case p.Life.Max > 0 && s.Now.Sub(s.Session.CreatedAt) >= p.Life.Max:
		return decision{action: refuse, reason: ReasonMaxAge}
	case current && s.Now.Sub(s.Token.SentAt) > p.Life.Idle:
		return decision{action: refuse, reason: ReasonIdle}
	case current:
		return decideCurrent(s, p, o)
	default:
		return decideSuperseded(s, p, o)
	}
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

// decideSuperseded judges a superseded token of a live session: S4, S5, S5' and R.
func decideSuperseded(s Snapshot, p Policy, o RefreshOptions) decision {
	if len(s.Later) == 0 || s.Later[len(s.Later)-1].Generation != s.Session.Generation {
		return decision{action: corrupt}
	}
	current := s.Later[len(s.Later)-1]
	d := decision{action: repeat, change: Change{SeenAt: firstSeen(s)}}
	inGrace := !s.Now.After(s.Token.ExpiresAt)
	switch {
	case !inGrace && !recoverable(s, p, o):
		return decision{action: reuse, reason: ReasonTokenReused,
			change: Change{End: &Ending{SessionID: s.Session.ID, At: s.Now, Reason: ReasonTokenReused, TokenID: s.Token.ID}}}
	case !inGrace && s.Now.Sub(current.SentAt) >= p.Grace:
		d.action = moveOn
		d.change.Succession = succession(s, current, p)
	default:
		d.change.Resent = &Resent{TokenID: current.ID, At: s.Now, ExpiresAt: p.Life.end(s.Now, s.Session.CreatedAt)}
	}
	if !inGrace {
		d.change.Events = []Event{{Kind: EventTokenRecovered, At: s.Now,
			UserID: s.User.ID, SessionID: s.Session.ID, TokenID: s.Token.ID}}
	}
	return d
}

// recoverable reports whether a token past its grace may be answered all the same: its holder asks for it, it is not
// too late, and whoever got a later token has not used it for longer than the racing requests of one restart take
// (counter-example C2). A chain of seals that has been pruned was not recoverable when it was.
func recoverable(s Snapshot, p Policy, o RefreshOptions) bool {
	if !o.Recover || s.Now.Sub(s.Token.SupersededAt) > p.Recovery || s.Token.Sealed == nil {
		return false
	}
	for _, t := range s.Later {
		if !t.SeenAt.IsZero() && s.Now.Sub(t.SeenAt) > p.Grace {
			return false
		}
		if t.Sealed == nil && t.Generation != s.Session.Generation {
			return false
		}
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
		TokenID: current.ID, At: s.Now, ExpiresAt: s.Now.Add(p.Grace),
		Next: Token{
			SessionID: s.Session.ID, Generation: current.Generation + 1,
			SentAt: s.Now, ExpiresAt: p.Life.end(s.Now, s.Session.CreatedAt),
		},
	}
}

// end returns when a session ends that was created and last sent a token at the given times.
func (l Life) end(sent, created time.Time) time.Time {
	end := sent.Add(l.Idle)
	if l.Max > 0 && created.Add(l.Max).Before(end) {
		end = created.Add(l.Max)
	}
	return end
}
