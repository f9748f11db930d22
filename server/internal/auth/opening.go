package auth

import (
	"context"
	"fmt"
	"time"
)

// opener makes a session with its first token, once its account is known to be the visitor's.
type opener struct {
	account *Account
	visitor Visitor
	kind    EventKind
	life    Life
	id      string
	tagKey  []byte
	token   refreshToken // by the last call of open
	ends    []held
	made    Opening           // by the last call of open
	over    map[string]Reason // the sessions that the opening ends because there are too many, since the last call of open
}

// opener prepares a session of the account. The sessions that the visitor's tokens belong to end with its opening.
func (s *Service) opener(ctx context.Context, a *Account, v Visitor, kind EventKind) (*opener, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	tagKey, err := newTagKey()
	if err != nil {
		return nil, err
	}
	o := &opener{account: a, visitor: v, kind: kind, life: s.policy.Life, id: id, tagKey: tagKey}
	o.ends, err = s.heldBy(ctx, v, false)
	return o, err
}

// open is the step of Store.CreateAccount and, in part, of Store.OpenSession.
func (o *opener) open(now time.Time) (Opening, error) {
	var err error
	if o.token, err = newRefreshToken(o.tagKey, o.id, 1, now); err != nil {
		return Opening{}, err
	}
	o.over = map[string]Reason{}
	end := o.life.end(now, now)
	hash := o.token.hash()
	o.made = Opening{
		Session: Session{ID: o.id, UserID: o.account.ID, CreatedAt: now, LastUsedAt: now, ExpiresAt: end,
			UserAgent: o.visitor.UserAgent, IP: o.visitor.IP},
		TagKey: o.tagKey,
		Token:  Token{Generation: 1, Hash: hash[:], SentAt: now, ExpiresAt: end},
		Events: []Event{{Kind: o.kind, At: now, UserID: o.account.ID, SessionID: o.id, TokenID: o.token.name(),
			IP: o.visitor.IP, UserAgent: o.visitor.UserAgent}},
		Most: MaxSessions, Displace: func(x OpenSession) Ending { return o.displace(x, now) },
	}
	for _, h := range o.ends {
		h.end.At = now
		o.made.Ends = append(o.made.Ends, h.end)
	}
	return o.made, nil
}

// displace ends the longest unused session of too many, and the dead ones for what they died of.
func (o *opener) displace(x OpenSession, now time.Time) Ending {
	reason := ReasonTooMany
	switch {
	case o.life.Live(x, now):
	case o.life.Max > 0 && now.Sub(x.CreatedAt) >= o.life.Max:
		reason = ReasonMaxAge
	default:
		reason = ReasonIdle
	}
	o.over[x.ID] = reason
	return Ending{At: now, Reason: reason, BySession: o.id, IP: o.visitor.IP, UserAgent: o.visitor.UserAgent}
}

// opened turns an opening that the store has kept into a grant.
func (s *Service) opened(ctx context.Context, o *opener) (Grant, error) {
	s.lookups.meet(o.id)
	s.endedHeld(ctx, o.ends)
	for id, reason := range o.over {
		s.ended(reason, id)
	}
	user := o.account.User
	if user.CreatedAt.IsZero() {
		user.CreatedAt = o.made.Session.CreatedAt
	}
	g, err := s.grant(ctx, issue{
		now: o.made.Session.CreatedAt, user: user, sessionID: o.id, generation: 1,
		sessionEnd: o.made.Session.ExpiresAt, refresh: o.token.String(),
	})
	if err == nil {
		g.Device = s.devices().with(o.visitor, user.ID, o.id, time.Now())
	}
	return g, err
}

// issue is what an answer is made of.
type issue struct {
	now        time.Time // by the store's clock
	user       User
	sessionID  string
	generation int64
	sessionEnd time.Time // by the store's clock
	refresh    string
}

// grant signs the access token of an answer. Access tokens are judged by the clocks of the processes, so the session's
// remaining life is what counts, not the hour of its end.
func (s *Service) grant(ctx context.Context, i issue) (Grant, error) {
	local := time.Now()
	access, expiry, err := s.tokens.mint(ctx, local, i.user.ID, i.sessionID, i.generation, local.Add(i.sessionEnd.Sub(i.now)))
	if err != nil {
		return Grant{}, internal(fmt.Errorf("session %s: %w", i.sessionID, err))
	}
	if a := (Answer{i.user.ID, i.sessionID, i.generation}); !s.answers.has(a) {
		s.answers.put(a, false)
	}
	return Grant{AccessToken: access, Expiry: expiry.UTC(), User: i.user, SessionID: i.sessionID, RefreshToken: i.refresh}, nil
}
