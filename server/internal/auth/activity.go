package auth

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// MaxActivity is how many entries Activity returns at most.
const MaxActivity = 100

// Activity returns what happened to the user's account, the latest first: first entries (1 to MaxActivity) from the one
// that follows the entry with the id after; "" starts at the latest. Sign-ups that were refused because the account is
// there already are left out: the schema has no kind for them. It fails with BAD_USER_INPUT of field first or after.
func (s *Service) Activity(ctx context.Context, id Identity, first int, after string) ([]Event, error) {
	if first < 1 || first > MaxActivity {
		return nil, badInput("first", fmt.Sprintf("Ask for 1 to %d entries at a time.", MaxActivity))
	}
	// Another writing of the same number would not sort as ids do.
	if x, err := uuid.Parse(after); after != "" && (err != nil || x.String() != after) {
		return nil, badInput("after", "This is not the id of an entry.")
	}
	list, err := s.store.Activity(ctx, id.UserID, first, after)
	return list, internal(err)
}

// of returns the event as one that a visitor brought about.
func (e Event) of(v Visitor) Event {
	e.IP, e.UserAgent = v.IP, v.UserAgent
	return e
}

// refused has what was refused to a visitor recorded in a moment.
func (s *Service) refused(ctx context.Context, e Event, v Visitor) {
	if err := s.trail.note(e.of(v)); err != nil {
		s.cfg.Log.ErrorContext(ctx, "cannot record what was refused", "kind", e.Kind, "error", err)
	}
}

// refusal is why a password was not accepted; "": it was accepted, or the request failed for another reason.
func refusal(err error) Reason {
	e := (*Error)(nil)
	switch {
	case !errors.As(err, &e):
		return ""
	case e.Code == CodeRateLimited:
		return limitedBy(e)
	case e.Reason == ReasonInvalidCredentials, e.Code == CodeBadUserInput && e.Field == "current":
		return ReasonInvalidCredentials
	}
	return ""
}

// limitedBy is what the record says of a RATE_LIMITED error: BUSY is nothing that the account or its
// visitor did, TOO_MANY was done with the right password.
func limitedBy(e *Error) Reason {
	if e.Reason != "" {
		return e.Reason
	}
	return Reason(e.Code)
}

// loginDone counts a login, and has a refused one recorded: under the account that has the address, or under none. The
// record has the address in no other form, because people type passwords there too.
func (s *Service) loginDone(ctx context.Context, account string, v Visitor, err error) {
	s.cfg.Meter.Login(outcome(err))
	if why := refusal(err); why != "" {
		s.refused(ctx, Event{Kind: EventLoginFailed, Reason: why, UserID: account}, v)
	}
}

// whose returns the id of the account with the address, or "" where there is none.
func (s *Service) whose(ctx context.Context, email string) string {
	if checkEmail(email) != nil {
		return ""
	}
	a, err := s.store.AccountByEmail(context.WithoutCancel(ctx), email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		s.cfg.Log.ErrorContext(ctx, "cannot tell whose account something was refused for", "error", err)
	}
	return a.ID
}

// signUpDone has a sign-up recorded that was refused: under the account that has the address, where that is why. It tells
// the visitor nothing that the answer does not. What this program itself tries at each start goes on no record.
func (s *Service) signUpDone(ctx context.Context, email string, v Visitor, err error) {
	e := (*Error)(nil)
	if v.IP == "" || !errors.As(err, &e) {
		return
	}
	event := Event{Kind: EventSignUpRefused, Reason: Reason(e.Code)}
	switch e.Code {
	case CodeEmailTaken:
		event.UserID = s.whose(ctx, email)
	case CodeRateLimited:
		event.Reason = limitedBy(e)
	default:
		return
	}
	s.refused(ctx, event, v)
}

// passwordChangeDone has a change of the password recorded that was refused; one that was made is on record.
func (s *Service) passwordChangeDone(ctx context.Context, v Visitor, id Identity, err error) {
	if why := refusal(err); why != "" {
		s.refused(ctx, Event{Kind: EventPasswordChangeFailed, Reason: why, UserID: id.UserID, SessionID: id.SessionID}, v.clean())
	}
}
