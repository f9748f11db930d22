package auth

import (
	"context"
	"errors"
	"time"
)

// maxTokens bounds the work that one request's cookies can cause. A browser sends one, or two where one is partitioned.
const maxTokens = 8

// telling ranks reasons by how much they tell: of several tokens that all fail, the answer has the most telling one's.
// An undecided token comes first, because its session may be live.
var telling = map[Reason]int{
	ReasonUndecided:   10,
	ReasonTokenReused: 9, ReasonPasswordChanged: 8, ReasonRevoked: 7, ReasonTooMany: 6, ReasonLoggedOut: 5,
	ReasonMaxAge: 4, ReasonIdle: 3, ReasonUnknownToken: 2, ReasonNoToken: 1,
}

// Refresh exchanges the visitor's refresh token by the table of the package's doc. The first of several tokens that is
// answered wins. Where none is, Refresh fails with UNAUTHENTICATED and the most telling reason. With o.Page no session ends: a
// token that would end one fails with ReasonUndecided.
func (s *Service) Refresh(ctx context.Context, v Visitor, o RefreshOptions) (Grant, error) {
	g, how, err := s.refresh(ctx, v.clean(), o)
	if err != nil {
		how = outcome(err)
	}
	s.cfg.Meter.Refresh(how)
	return g, err
}

// refresh is Refresh, and says how the token was answered.
func (s *Service) refresh(ctx context.Context, v Visitor, o RefreshOptions) (g Grant, how string, err error) {
	reason := ReasonNoToken
	if len(v.Tokens) > 0 {
		reason = ReasonUnknownToken
	}
	tokens := parseTokens(v)
	// A reused token waits until the other tokens were tried: a browser that also holds a token that is answered does
	// not lose that session over an old leftover.
	var reused []refreshToken
	for _, t := range tokens {
		p := presentation{token: t, visitor: v, options: o, spare: len(tokens) > 1}
		g, err := s.present(ctx, &p)
		switch {
		case err != nil:
			return Grant{}, "", err
		case p.answered():
			if err := s.endReused(ctx, reused, v, o, g.SessionID); err != nil {
				// The answer is good all the same, and the token will be shown again.
				s.cfg.Log.ErrorContext(ctx, "cannot end the session of a reused refresh token", "error", err)
			}
			return g, p.outcome(), nil
		case p.spared:
			reused = append(reused, t)
		}
		if telling[p.judged.reason] > telling[reason] {
			reason = p.judged.reason
		}
	}
	if err := s.endReused(ctx, reused, v, o, ""); err != nil {
		return Grant{}, "", err
	}
	return Grant{}, "", unauthenticated(reason)
}

// endReused ends the sessions of tokens that were spared, except the one that was answered.
func (s *Service) endReused(ctx context.Context, reused []refreshToken, v Visitor, o RefreshOptions, except string) error {
	for _, t := range reused {
		if _, err := s.present(ctx, &presentation{token: t, visitor: v, options: o, except: except, onlyReuse: true}); err != nil {
			return err
		}
	}
	return nil
}

// parseTokens returns the well-formed tokens of a visitor, in order.
func parseTokens(v Visitor) []refreshToken {
	var tokens []refreshToken
	for _, text := range v.Tokens {
		if t, ok := parseRefreshToken(text); ok && len(tokens) < maxTokens {
			tokens = append(tokens, t)
		}
	}
	return tokens
}

// presentation is one token on its way through Store.Present.
type presentation struct {
	token   refreshToken
	visitor Visitor
	options RefreshOptions

	spare     bool   // do not end a session for reuse yet
	onlyReuse bool   // do nothing but end a session for reuse
	except    string // and not this session

	// Set by the step.
	judged   decision
	spared   bool
	snapshot Snapshot
	out      refreshToken // the token to send, where there is one
}

func (p *presentation) answered() bool {
	switch p.judged.action {
	case keep, rotate, repeat, moveOn:
		return !p.onlyReuse
	}
	return false
}

// present has one token judged and the judgement carried out. Where the token is answered it returns the grant.
func (s *Service) present(ctx context.Context, p *presentation) (Grant, error) {
	session := p.token.session.String()
	there, err := s.lookups.exists(ctx, p.visitor.IP, session)
	if there {
		err = s.store.Present(ctx, session, p.token.generation, func(snap Snapshot) (Change, error) { return s.step(p, snap) })
	}
	if err == nil && !there || errors.Is(err, ErrNotFound) {
		p.judged = decision{action: refuse, reason: ReasonUnknownToken}
		return Grant{}, nil
	}
	if err != nil {
		return Grant{}, internal(err)
	}
	snap, change := p.snapshot, p.judged.change
	s.report(ctx, p)
	switch {
	case p.judged.action == reuse && !p.spared:
		s.ended(ReasonTokenReused, snap.Session.ID)
	case p.judged.action == refuse && p.judged.reason != ReasonUnknownToken && !p.onlyReuse:
		s.refused(ctx, Event{Kind: EventRefreshRefused, Reason: p.judged.reason, UserID: snap.User.ID,
			SessionID: snap.Session.ID, TokenID: p.token.name()}, p.visitor)
	}
	if !p.answered() {
		return Grant{}, nil
	}
	i := issue{now: snap.Now, user: snap.User, sessionID: snap.Session.ID, generation: snap.Session.Generation,
		sessionEnd: s.policy.Life.end(snap.Now, snap.Session.CreatedAt)}
	switch {
	case change.Succession != nil:
		i.generation, i.refresh = change.Succession.Next.Generation, p.out.String()
	case change.Resent != nil:
		i.refresh = p.out.String()
	default:
		i.sessionEnd = earlier(s.policy.Life.end(snap.Token.SentAt, snap.Session.CreatedAt), snap.Token.ExpiresAt)
	}
	g, err := s.grant(ctx, i)
	if now := time.Now(); err == nil && !s.remembersDevice(p.visitor, i.user.ID, now) {
		g.Device = s.devices().with(p.visitor, i.user.ID, i.sessionID, now)
	}
	return g, err
}

// step judges the token and fills in the secrets of the change. It may run several times for one presentation.
func (s *Service) step(p *presentation, snap Snapshot) (Change, error) {
	d := decide(snap, p.token, s.policy, p.options)
	p.judged, p.snapshot = d, snap
	p.spared = d.action == reuse && (p.spare || p.except == snap.Session.ID)
	switch {
	case d.action == corrupt:
		return Change{}, errChain
	case p.spared, p.onlyReuse && d.action != reuse:
		return Change{}, nil
	}
	for i := range d.change.Events {
		e, err := s.trail.merged(d.change.Events[i].of(p.visitor))
		if err != nil {
			return Change{}, err
		}
		d.change.Events[i] = e
	}
	if end := d.change.End; end != nil {
		end.IP, end.UserAgent = p.visitor.IP, p.visitor.UserAgent
	}
	var err error
	if d.change.Succession != nil || d.change.Resent != nil {
		p.out, err = s.tokenToSend(p.token, snap, d.change.Succession)
	}
	return d.change, err
}

// tokenToSend returns the session's current token, found along the seals from the presented one, or its successor
// with its row and seal filled in.
func (s *Service) tokenToSend(presented refreshToken, snap Snapshot, su *Succession) (refreshToken, error) {
	current, err := currentToken(presented, snap)
	if err != nil || su == nil {
		return current, err
	}
	next, err := newRefreshToken(snap.Session.TagKey, snap.Session.ID, su.Next.Generation, snap.Now)
	if err != nil {
		return next, err
	}
	hash := next.hash()
	su.Next.Hash = hash[:]
	su.Sealed, err = seal(current.secret, next)
	return next, err
}

// report tells the log of a reused and of a recovered token.
func (s *Service) report(ctx context.Context, p *presentation) {
	user := p.snapshot.User.ID
	switch {
	case p.judged.action == reuse && !p.spared:
		s.warnReused(ctx, *p.judged.change.End, user)
	case p.answered() && len(p.judged.change.Events) > 0:
		s.cfg.Log.InfoContext(ctx, "refresh token recovered",
			tokenAttrs(p.snapshot.Session.ID, user, p.token.name(), p.visitor.IP, p.visitor.UserAgent)...)
	}
}
