package store

import (
	"context"
	"database/sql"
	"math"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// liveOf selects the user's live sessions, by the time since which a token must have been sent ($2) and after which the
// session must have been created ($3).
const liveOf = `from sessions s join refresh_tokens t on t.session_id = s.id and t.generation = s.generation
	where s.user_id = $1 and s.ended_at is null and t.sent_at >= $2 and s.created_at > $3 `

// bounds returns liveOf's times.
func bounds(now time.Time, life auth.Life) (sent, created int64) {
	created = math.MinInt64
	if life.Max > 0 {
		created = millis(now.Add(-life.Max))
	}
	return millis(now.Add(-life.Idle)), created
}

// Sessions implements auth.Store.
func (s *Store) Sessions(ctx context.Context, userID string, life auth.Life, first int) ([]auth.Session, error) {
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return nil, s.wrap("sessions", err)
	}
	sent, created := bounds(now, life)
	all, err := list(ctx, s.reads, scanSession, `select s.id, s.user_id, s.created_at, t.sent_at, t.expires_at,
		s.user_agent, s.ip `+liveOf+`order by t.sent_at desc, s.id desc limit $4`, userID, sent, created, first)
	return all, s.wrap("sessions", err)
}

func scanSession(rows row) (x auth.Session, err error) {
	var created, used, expires int64
	err = rows.Scan(&x.ID, &x.UserID, &created, &used, &expires, &x.UserAgent, &x.IP)
	x.CreatedAt, x.LastUsedAt, x.ExpiresAt = timeOf(created), timeOf(used), timeOf(expires)
	return x, err
}

// EndSessions implements auth.Store.
func (s *Store) EndSessions(ctx context.Context, sel auth.Selection, life auth.Life, e auth.Ending) ([]string, error) {
	var ended []string
	err := s.write(ctx, func(ctx context.Context, r runner) error {
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		e.At = now
		ended, err = endAll(ctx, r, sel.UserID, sel.SessionID, "", life, e)
		return err
	})
	return ended, s.wrap("end sessions", err)
}

func scanID(rows row) (id string, err error) {
	err = rows.Scan(&id)
	return id, err
}

// endAll ends the user's sessions: all, or the one with the id only, but not the one with the id except. Those that are
// idle or too old are flagged too, so that a longer life in a later configuration does not bring them back; returned
// are the live ones.
func endAll(ctx context.Context, r runner, userID, only, except string, life auth.Life, e auth.Ending) ([]string, error) {
	sent, created := bounds(e.At, life)
	live, err := list(ctx, r, scanID, `select s.id `+liveOf, userID, sent, created)
	if err != nil {
		return nil, err
	}
	isLive := map[string]bool{}
	for _, id := range live {
		isLive[id] = true
	}
	all, err := list(ctx, r, scanID, `select id from sessions where user_id = $1 and ended_at is null order by id`, userID)
	if err != nil {
		return nil, err
	}
	var ended []string
	for _, id := range all {
		if id == except || only != "" && id != only {
			continue
		}
		e.SessionID = id
		if _, err := end(ctx, r, e); err != nil {
			return nil, err
		}
		if isLive[id] {
			ended = append(ended, id)
		}
	}
	return ended, nil
}

// end ends one session, unless it has ended, with its entry in the audit record. Its seals answer nothing any more. It
// returns how many sessions it ended.
func end(ctx context.Context, r runner, e auth.Ending) (int64, error) {
	users, err := list(ctx, r, scanID, `update sessions set ended_at = $1, end_reason = $2, end_token_id = $3,
		end_session_id = $4, end_ip = $5, end_user_agent = $6
		where id = $7 and ended_at is null returning user_id`,
		millis(e.At), string(e.Reason), e.TokenID, e.BySession, e.IP, e.UserAgent, e.SessionID)
	if err != nil || len(users) == 0 {
		return 0, err
	}
	if _, err := exec(ctx, r, `update refresh_tokens set sealed = null
		where session_id = $1 and sealed is not null`, e.SessionID); err != nil {
		return 0, err
	}
	return 1, record(ctx, r, auth.Event{Kind: auth.EventSessionEnded, At: e.At, Reason: e.Reason, UserID: users[0],
		SessionID: e.SessionID, BySession: e.BySession, TokenID: e.TokenID, IP: e.IP, UserAgent: e.UserAgent})
}

const selectEnding = `select s.id, s.ended_at, s.end_reason, s.end_token_id, s.end_session_id, s.end_ip, s.end_user_agent
	from sessions s `

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
	// The time comes first: what ends while the query runs belongs to the next one.
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return nil, now, s.wrap("endings", err)
	}
	all, err := list(ctx, s.reads, scanEnding, selectEnding+`where s.ended_at >= $1 order by s.ended_at`, millis(since))
	return all, now, s.wrap("endings", err)
}
