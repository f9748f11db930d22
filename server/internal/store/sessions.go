package store

import (
	"context"
	"database/sql"
	"math"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// liveOf selects the user's live sessions, by the time since which a token must have been sent ($2), the time after which
// the session must have been created ($3), and now ($4).
const liveOf = `from users u join sessions s on s.user_id = u.id
	join refresh_tokens t on t.session_id = s.id and t.generation = s.generation
	where u.id = $1 and ` + isOpen + `and t.sent_at >= $2 and s.created_at > $3 and t.expires_at >= $4 `

// bounds returns liveOf's times.
func bounds(now time.Time, life auth.Life) (sent, created, at int64) {
	created = math.MinInt64
	if life.Max > 0 {
		created = millis(now.Add(-life.Max))
	}
	return millis(now.Add(-life.Idle)), created, millis(now)
}

// Sessions implements auth.Store.
func (s *Store) Sessions(ctx context.Context, userID string, life auth.Life, first int) ([]auth.Session, error) {
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return nil, s.wrap("sessions", err)
	}
	sent, created, at := bounds(now, life)
	all, err := list(ctx, s.reads, scanSession, `select s.id, s.user_id, s.created_at, t.sent_at, t.expires_at,
		s.user_agent, s.ip `+liveOf+`order by t.sent_at desc, s.id desc limit $5`, userID, sent, created, at, first)
	return all, s.wrap("sessions", err)
}

func scanSession(rows row) (x auth.Session, err error) {
	var created, used, expires int64
	err = rows.Scan(&x.ID, &x.UserID, &created, &used, &expires, &x.UserAgent, &x.IP)
	x.CreatedAt, x.LastUsedAt, x.ExpiresAt = timeOf(created), timeOf(used), timeOf(expires)
	return x, err
}

// EndSessions implements auth.Store.
func (s *Store) EndSessions(ctx context.Context, sel auth.Selection, life auth.Life, e auth.Ending) (auth.Ended, error) {
	var ended auth.Ended
	err := s.write(ctx, func(ctx context.Context, r runner) (err error) {
		if sel.SessionID == "" {
			if err := s.lockAccount(ctx, r, sel.UserID); err != nil {
				return ignore(err, auth.ErrNotFound)
			}
		}
		if e.At, err = s.dialect.now(ctx, r); err != nil {
			return err
		}
		if sel.SessionID == "" {
			ended, err = s.endOpen(ctx, r, sel.UserID, "", life, e)
			return err
		}
		found, err := list(ctx, r, scanOpen, openOne, sel.SessionID, sel.UserID)
		if err != nil {
			return err
		}
		ended, err = s.endLive(ctx, r, found, life, e)
		return err
	})
	return ended, s.wrap("end sessions", err)
}

// lockAccount keeps others from opening sessions of the account, and from ending all of them, until the transaction
// ends.
func (s *Store) lockAccount(ctx context.Context, r runner, userID string) error {
	_, err := one(ctx, r, scanID, `select u.id from users u where u.id = $1`+s.dialect.lockUser, userID)
	return err
}

func scanID(rows row) (id string, err error) {
	err = rows.Scan(&id)
	return id, err
}

const selectEnding = `select s.id, ` + endedAt + `, ` + endReason + `, s.end_token_id, ` + endSession + `, ` + endIP + `, ` +
	endAgent + ` from sessions s join users u on u.id = s.user_id `

// scanEnding scans the zero Ending from a session that has not ended.
func scanEnding(rows row) (auth.Ending, error) {
	var (
		id                                    string
		at                                    sql.NullInt64
		reason, token, session, ip, userAgent sql.NullString
	)
	err := rows.Scan(&id, &at, &reason, &token, &session, &ip, &userAgent)
	if err != nil || !at.Valid {
		return auth.Ending{}, err
	}
	return auth.Ending{SessionID: id, At: timeOf(at.Int64), Reason: auth.Reason(reason.String), TokenID: token.String,
		BySession: session.String, IP: ip.String, UserAgent: userAgent.String}, nil
}

// Ending implements auth.Store.
func (s *Store) Ending(ctx context.Context, sessionID string) (auth.Ending, error) {
	e, err := one(ctx, s.reads, scanEnding, selectEnding+`where s.id = $1`, sessionID)
	return e, s.wrap("ending", err)
}

// Endings implements auth.Store.
func (s *Store) Endings(ctx context.Context, since time.Time) ([]auth.Ending, time.Time, error) {
	// The time comes first: what ends while the query runs belongs to the next one. The marks come before the sessions:
	// a mark that is removed in between has left its endings in the sessions' rows.
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return nil, now, s.wrap("endings", err)
	}
	marks, err := list(ctx, s.reads, scanAccountEnding, `select u.id, u.ended_at, u.end_reason, u.end_session_id, u.end_ip,
		u.end_user_agent from users u where u.open_from > 0`)
	if err != nil {
		return nil, now, s.wrap("endings", err)
	}
	all, err := list(ctx, s.reads, scanEnding, `select id, ended_at, end_reason, end_token_id, end_session_id, end_ip,
		end_user_agent from sessions where ended_at >= $1 order by ended_at`, millis(since))
	return append(marks, all...), now, s.wrap("endings", err)
}

func scanAccountEnding(rows row) (e auth.Ending, err error) {
	var at int64
	var reason string
	err = rows.Scan(&e.UserID, &at, &reason, &e.BySession, &e.IP, &e.UserAgent)
	e.At, e.Reason = timeOf(at), auth.Reason(reason)
	return e, err
}
