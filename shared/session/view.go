package session

import (
	"context"
	"errors"
	"log/slog"

	"example.com/latchkey/shared/token"
)

// view is what a session shows of its keeper's state.
func view(st token.State[holder]) State {
	v := State{NextRefresh: st.NextRefresh, Err: st.Err}
	switch st.Phase {
	case token.Live:
		v.Phase = Active
		v.User, v.SessionID, v.Claims = st.Holder.user, st.Holder.claims.SessionID, st.Holder.claims
		v.Arrived, v.Expiry, v.Refreshes = st.Arrived, st.Expiry, st.Refreshes
	case token.Refused:
		v.Phase = Ended
		var e *Error
		if errors.As(st.Refusal, &e) {
			v.Reason = e.Reason
		}
		switch {
		case v.Reason == ReasonUndecided:
			v.Phase = None
		case !st.Lost && (v.Reason == ReasonNoToken || v.Reason == ReasonUnknownToken):
			v.Phase, v.Reason = None, ""
		}
	}
	return v
}

// logTo is the observer behind WithLogger.
func logTo(log *slog.Logger) func(State) {
	last := Unknown
	return func(st State) {
		level, text := slog.LevelDebug, "session refreshed"
		attrs := []slog.Attr{slog.String("phase", st.Phase.String()), slog.String("session", st.SessionID)}
		switch {
		case st.Err != nil:
			level, text = slog.LevelWarn, "session cannot refresh"
			attrs = append(attrs, slog.Any("err", st.Err), slog.Time("next", st.NextRefresh))
		case st.Phase != last:
			level, text = slog.LevelInfo, "session "+st.Phase.String()
			attrs = append(attrs, slog.String("reason", string(st.Reason)))
		default:
			attrs = append(attrs, slog.Time("expiry", st.Expiry), slog.Time("next", st.NextRefresh))
		}
		last = st.Phase
		log.LogAttrs(context.Background(), level, text, attrs...)
	}
}
