package auth

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// held is a live session whose refresh token a browser holds. Logging in, signing up and logging out end it.
type held struct {
	end    Ending // TOKEN_REUSED where a client's refresh with the token would have ended the session (row R), else LOGGED_OUT
	userID string
}

// holding judges a presented token. It returns nil where the token belongs to no live session.
func holding(snap Snapshot, t refreshToken, p Policy, v Visitor) *held {
	// Every client asks to recover, so a token that can be recovered is not reuse.
	d := decide(snap, t, p, RefreshOptions{Recover: true})
	reason := ReasonLoggedOut
	switch d.action {
	case refuse:
		return nil
	case reuse:
		reason = ReasonTokenReused
	}
	return &held{userID: snap.User.ID, end: Ending{SessionID: snap.Session.ID, At: snap.Now, Reason: reason,
		TokenID: tokenName(snap.Session.ID, snap.Token.Generation), IP: v.IP, UserAgent: v.UserAgent}}
}

// heldBy returns each live session that a token of v with the right secret belongs to, whatever the token's age, and ends
// it where end is set. A browser may hold an old leftover beside the session's current token. The current one counts
// then, so reused tokens come last.
func (s *Service) heldBy(ctx context.Context, v Visitor, end bool) ([]held, error) {
	var all []held
	tokens := parseTokens(v)
	var reused []refreshToken
	for _, t := range tokens {
		spare := len(tokens) > 1
		h, err := s.judgeHeld(ctx, v, t, end, spare)
		switch {
		case err != nil:
			return all, err
		case h != nil && h.end.Reason == ReasonTokenReused && spare:
			reused = append(reused, t)
		default:
			all = withHeld(all, h)
		}
	}
	for _, t := range reused {
		h, err := s.judgeHeld(ctx, v, t, end, false)
		if err != nil {
			return all, err
		}
		all = withHeld(all, h)
	}
	return all, nil
}

// withHeld adds h to the list, unless it is nil or its session is in the list.
func withHeld(list []held, h *held) []held {
	if h == nil || slices.ContainsFunc(list, func(x held) bool { return x.end.SessionID == h.end.SessionID }) {
		return list
	}
	return append(list, *h)
}

// judgeHeld judges one token. With end set it ends the token's session, but with spare not that of a reused token.
func (s *Service) judgeHeld(ctx context.Context, v Visitor, t refreshToken, end, spare bool) (*held, error) {
	session := t.session.String()
	there, err := s.lookups.exists(ctx, v.IP, session)
	if errors.Is(err, errNoTurn) && !end {
		return nil, nil // a login is not refused for the cookie beside it
	}
	if err != nil || !there {
		return nil, err
	}
	var h *held
	err = s.store.Present(ctx, session, t.generation, func(snap Snapshot) (Change, error) {
		h = holding(snap, t, s.policy, v)
		if h == nil || !end || spare && h.end.Reason == ReasonTokenReused {
			return Change{}, nil
		}
		return Change{End: &h.end}, nil
	})
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return h, err
}

// endedHeld tells this process and the log of sessions that have ended because a request held their tokens.
func (s *Service) endedHeld(ctx context.Context, list []held) {
	for _, h := range list {
		s.ended(h.end.Reason, h.end.SessionID)
		if h.end.Reason == ReasonTokenReused {
			s.warnReused(ctx, h.end, h.userID)
		}
	}
}

// warnReused tells the log of a session that ended by reuse. It has the token's name and never the token.
func (s *Service) warnReused(ctx context.Context, e Ending, userID string) {
	s.cfg.Log.WarnContext(ctx, "refresh token used again, session ended", tokenAttrs(e.SessionID, userID, e.TokenID, e.IP, e.UserAgent)...)
}

func tokenAttrs(session, user, token, ip, userAgent string) []any {
	return []any{slog.String("session", session), slog.String("user", user), slog.String("token", token),
		slog.String("ip", ip), slog.String("userAgent", userAgent)}
}
