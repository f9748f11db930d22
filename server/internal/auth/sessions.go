package auth

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// lastUsedStep is how exactly LastUsedAt is told. To the second it would tell a thief when to move in step with the
// owner (rule W6 of package session).
const lastUsedStep = 5 * time.Minute

// Authenticate verifies an access token and returns whom it speaks for. It fails with UNAUTHENTICATED and
// ACCESS_TOKEN_EXPIRED, the reason why its session ended, or UNKNOWN_TOKEN: the signature is not ours, or the store has
// no such session of the user. byHolder says that the client sends the token, and not the server's own page renderer: its
// first use then marks the refresh token that it came with as seen.
func (s *Service) Authenticate(ctx context.Context, accessToken string, byHolder bool) (Identity, error) {
	token, err := s.tokens.verify(ctx, accessToken)
	if err != nil {
		return Identity{}, err
	}
	id := token.Identity
	reason, err := s.endings.reason(ctx, id, token.issued)
	switch {
	case errors.Is(err, ErrNotFound):
		return Identity{}, unauthenticated(ReasonUnknownToken)
	case err != nil:
		return Identity{}, internal(err)
	case reason != "":
		return Identity{}, unauthenticated(reason)
	}
	if err := s.checkAnswer(ctx, Answer{id.UserID, id.SessionID, id.Generation}, byHolder); err != nil {
		return Identity{}, err
	}
	return id, nil
}

// checkAnswer fails with UNKNOWN_TOKEN where the store knows nothing of the answer that an access token came in: the key
// was stolen, or the database restored from a copy that is older than the token. It asks the store once of each answer,
// in the same step that marks the token as seen.
func (s *Service) checkAnswer(ctx context.Context, a Answer, byHolder bool) error {
	marked, known := s.answers.get(a)
	if marked || known && !byHolder {
		return nil
	}
	ask := s.store.Answered
	if byHolder {
		ask = s.store.MarkSeen
	}
	err := ask(ctx, a)
	switch {
	case errors.Is(err, ErrNotFound):
		return unknownToken(err)
	case err != nil:
		return internal(err)
	}
	s.answers.put(a, byHolder)
	return nil
}

// MaxSessions is how many sessions an account has at most. One more ends the longest unused (TOO_MANY).
const MaxSessions = 100

// Sessions returns the user's live sessions, the most recently used one first, with LastUsedAt to five minutes.
func (s *Service) Sessions(ctx context.Context, id Identity) ([]Session, error) {
	list, err := s.store.Sessions(ctx, id.UserID, s.policy.Life, MaxSessions)
	if err != nil {
		return nil, internal(err)
	}
	for i := range list {
		list[i] = s.coarse(list[i], time.Now())
	}
	return list, nil
}

// coarse rounds LastUsedAt down, and takes ExpiresAt from that, or it would tell the same. A session whose idle life is
// shorter than the rounding tells the hour of its end as it is, or a live one would seem to have ended.
func (s *Service) coarse(x Session, now time.Time) Session {
	sent := x.ExpiresAt // with its token
	exact := earlier(s.policy.Life.end(x.LastUsedAt, x.CreatedAt), sent)
	x.LastUsedAt = x.LastUsedAt.Truncate(lastUsedStep)
	if x.LastUsedAt.Before(x.CreatedAt) {
		x.LastUsedAt = x.CreatedAt
	}
	x.ExpiresAt = s.policy.Life.end(x.LastUsedAt, x.CreatedAt)
	if sent.Before(x.ExpiresAt) {
		x.ExpiresAt = sent.Truncate(lastUsedStep)
	}
	if x.ExpiresAt.Before(now) {
		x.ExpiresAt = exact
	}
	return x
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Logout ends (LOGGED_OUT) the session of the access token, where id is not nil, and of every refresh token of v whose
// secret is right, whatever its age. Where a refresh with the token would have been reuse, the reason on record is
// TOKEN_REUSED. Ending no session is no error.
func (s *Service) Logout(ctx context.Context, v Visitor, id *Identity) error {
	v = v.clean()
	list, err := s.heldBy(ctx, v, true)
	s.endedHeld(ctx, list)
	if err == nil && id != nil {
		_, err = s.end(ctx, Selection{UserID: id.UserID, SessionID: id.SessionID}, endedBy(v, *id, ReasonLoggedOut))
	}
	return internal(err)
}

// LogoutEverywhere ends every session of the user (LOGGED_OUT) and returns how many that were. All of them have ended
// when it returns, however many there are.
func (s *Service) LogoutEverywhere(ctx context.Context, v Visitor, id Identity) (int, error) {
	ended, err := s.end(ctx, Selection{UserID: id.UserID}, endedBy(v, id, ReasonLoggedOut))
	return ended.Live(), internal(err)
}

// RevokeSession ends one session of the user (REVOKED). It fails with NOT_FOUND where the user has no such live
// session.
func (s *Service) RevokeSession(ctx context.Context, v Visitor, id Identity, sessionID string) (bool, error) {
	if _, err := uuid.Parse(sessionID); err != nil {
		return false, noSession()
	}
	ended, err := s.end(ctx, Selection{UserID: id.UserID, SessionID: sessionID}, endedBy(v, id, ReasonRevoked))
	if err == nil && ended.Live() == 0 {
		err = noSession()
	}
	return err == nil, internal(err)
}

// endedBy is an ending that the session of id asked for, with what its request said of its sender.
func endedBy(v Visitor, id Identity, reason Reason) Ending {
	v = v.clean()
	return Ending{Reason: reason, BySession: id.SessionID, IP: v.IP, UserAgent: v.UserAgent}
}

func noSession() *Error {
	return &Error{Code: CodeNotFound, Message: "There is no such session, or it has ended already."}
}

// ended tells this process that it ended sessions just now.
func (s *Service) ended(reason Reason, sessionIDs ...string) {
	s.endings.add(reason, sessionIDs...)
	s.cfg.Meter.Ended(reason, len(sessionIDs))
}

// end ends sessions in the store and in the memory of this process.
func (s *Service) end(ctx context.Context, sel Selection, e Ending) (Ended, error) {
	ended, err := s.store.EndSessions(ctx, sel, s.policy.Life, e)
	s.allEnded(sel.UserID, e.Reason, ended)
	return ended, err
}

// allEnded tells this process that it ended sessions of the account just now.
func (s *Service) allEnded(userID string, reason Reason, ended Ended) {
	if ended.Marked {
		s.endings.mark(userID)
	}
	s.ended(reason, ended.Sessions...)
	s.cfg.Meter.Ended(reason, ended.Rest)
}
