package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
)

// A session has ended when its own row says so, or when its account's mark does: its epoch is less than the account's
// open_from. A mark ends any number of sessions in one statement. Its sessions' rows are written in steps (sweep).
//
//	EndSessions, ChangePassword ──▶ atOnce newest sessions: rows, seals, audit
//	                                    │ more sessions are open
//	                                    ▼
//	                     account: open_from + 1, evidence ──▶ Prune: the next rows ──▶ no more rows: mark removed
//
// Epochs are compared, and not times: two events within a millisecond need no order, and a clock may be set back. A
// session that a mark leaves alone is moved to the new epoch.
const (
	// isOpen holds for a session s of the account u that has not ended.
	isOpen = `s.ended_at is null and s.epoch >= u.open_from `

	// The ending of a session s of the account u, null where it has not ended. In order, they are columns of scanEnding.
	endedAt    = `coalesce(s.ended_at, case when s.epoch < u.open_from then u.ended_at end)`
	endReason  = `coalesce(s.end_reason, case when s.epoch < u.open_from then u.end_reason end)`
	endSession = `coalesce(s.end_session_id, case when s.epoch < u.open_from then u.end_session_id end)`
	endIP      = `coalesce(s.end_ip, case when s.epoch < u.open_from then u.end_ip end)`
	endAgent   = `coalesce(s.end_user_agent, case when s.epoch < u.open_from then u.end_user_agent end)`
)

// atOnce is how many sessions EndSessions and ChangePassword end with rows of their own. An account has at most
// auth.MaxSessions open ones. Only accounts of releases without that limit have more, and get marks.
const atOnce = 2 * auth.MaxSessions

// liveCounted bounds the sessions that a mark counts as live: counting takes time in proportion.
const liveCounted = 10_000

// endings are the statements that end a list of sessions: a JSON array of objects, $1.
type endings struct{ sessions, seals, audit string }

// endingStatements returns the statements. The clause listed has the array's elements as x.value; the condition among
// holds for the ids of named.
func endingStatements(listed, among string) endings {
	return endings{
		sessions: listed + `, named as (select x.value ->> 'session' as id from x)
			update sessions set ended_at = $2, end_reason = $3, end_token_id = $4, end_session_id = $5, end_ip = $6,
			end_user_agent = $7
			where ended_at is null and id ` + among + `returning id, user_id`,
		seals: listed + `, named as (select x.value ->> 'session' as id from x)
			update refresh_tokens set sealed = null where sealed is not null and session_id ` + among,
		audit: listed + `, named as (select x.value ->> 'event' as event, x.value ->> 'session' as id, x.value ->> 'user' as account from x)
			insert into audit
			(id, at, last_at, times, kind, reason, user_id, session_id, by_session_id, token_id, key_id, ip, user_agent)
			select event, cast($2 as bigint), cast($2 as bigint), 1, cast($3 as text), cast($4 as text), account, id,
			cast($5 as text), cast($6 as text), '', cast($7 as text), cast($8 as text) from named`,
	}
}

// endedRow names a session, its account and the audit event of its ending.
type endedRow struct {
	Session string `json:"session"`
	User    string `json:"user"`
	Event   string `json:"event"`
}

// end ends the sessions that have no ending of their own, and records it. Their seals answer nothing any more. It
// returns the sessions that it ended. The number of statements does not depend on that of sessions.
func (s *Store) end(ctx context.Context, r runner, e auth.Ending, sessionIDs ...string) (map[string]bool, error) {
	rows := make([]endedRow, len(sessionIDs))
	for i, id := range sessionIDs {
		rows[i].Session = id
	}
	if len(rows) == 0 {
		return nil, nil
	}
	named, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	if rows, err = list(ctx, r, scanEndedRow, s.dialect.endings.sessions, string(named), millis(e.At), string(e.Reason),
		e.TokenID, e.BySession, e.IP, e.UserAgent); err != nil || len(rows) == 0 {
		return nil, err
	}
	ended := map[string]bool{}
	for i := range rows {
		ended[rows[i].Session] = true
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		rows[i].Event = id.String()
	}
	if named, err = json.Marshal(rows); err != nil {
		return nil, err
	}
	if _, err := exec(ctx, r, s.dialect.endings.seals, string(named)); err != nil {
		return nil, err
	}
	_, err = exec(ctx, r, s.dialect.endings.audit, string(named), millis(e.At), string(auth.EventSessionEnded),
		string(e.Reason), e.BySession, e.TokenID, e.IP, e.UserAgent)
	return ended, err
}

func scanEndedRow(rows row) (x endedRow, err error) {
	err = rows.Scan(&x.Session, &x.User)
	return x, err
}

func scanOpen(rows row) (x auth.OpenSession, err error) {
	var created int64
	var sent, until sql.NullInt64 // null: the current token's row is missing
	err = rows.Scan(&x.ID, &created, &sent, &until)
	x.CreatedAt, x.LastUsedAt, x.ExpiresAt = timeOf(created), timeOrZero(sent), timeOrZero(until)
	return x, err
}

const (
	selectOpen = `select s.id, s.created_at, t.sent_at, t.expires_at `
	fromOpen   = `from sessions s join users u on u.id = s.user_id
		left join refresh_tokens t on t.session_id = s.id and t.generation = s.generation
		where ` + isOpen
	openOne     = selectOpen + fromOpen + `and s.id = $1 and s.user_id = $2`
	newestOpen  = selectOpen + fromOpen + `and s.user_id = $1 and s.id <> $2 order by s.epoch desc, s.created_at desc limit $3`
	selectMark  = `select u.open_from, u.ended_at, u.end_reason, u.end_session_id, u.end_ip, u.end_user_agent from users u `
	nextSwept   = `select s.id from sessions s where s.user_id = $1 and s.ended_at is null and s.epoch < $2 order by s.epoch, s.created_at limit $3`
	writeMark   = `update users set open_from = $1, ended_at = $2, end_reason = $3, end_session_id = $4, end_ip = $5, end_user_agent = $6 where id = $7`
	removeMark  = `update users set open_from = 0, ended_at = null, end_reason = null, end_session_id = null, end_ip = null, end_user_agent = null where id = $1`
	lastEpoch   = `select coalesce(max(s.epoch), 0) from sessions s where s.user_id = $1 and s.ended_at is null`
	moveToEpoch = `update sessions set epoch = $1 where id = $2 `
)

// endOpen ends every open session of the account except one, whose row is locked. It writes the rows of the newest
// ones. The mark that it sets where more are open ends these.
func (s *Store) endOpen(ctx context.Context, r runner, userID, except string, life auth.Life, e auth.Ending) (auth.Ended, error) {
	found, err := list(ctx, r, scanOpen, newestOpen, userID, except, s.atOnce+1)
	if err != nil {
		return auth.Ended{}, err
	}
	// Where the account has a mark already, what is open was opened after it. So that mark stays, with its evidence,
	// unless too many are open again.
	marking := len(found) > s.atOnce
	found = found[:min(len(found), s.atOnce)]
	result, err := s.endLive(ctx, r, found, life, e)
	if err != nil || !marking {
		return result, err
	}
	sent, created, now := bounds(e.At, life)
	rest, err := one(ctx, r, scanNumber, `select count(*) from (select 1 `+liveOf+`and s.id <> $5 limit $6) live`,
		userID, sent, created, now, except, liveCounted)
	if err != nil {
		return result, err
	}
	result.Marked, result.Rest = true, int(rest)
	return result, s.mark(ctx, r, userID, except, e)
}

// endLive ends sessions and tells the live ones of them.
func (s *Store) endLive(ctx context.Context, r runner, found []auth.OpenSession, life auth.Life, e auth.Ending) (auth.Ended, error) {
	ids := make([]string, len(found))
	for i, x := range found {
		ids[i] = x.ID
	}
	ended, err := s.end(ctx, r, e, ids...)
	var result auth.Ended
	for _, x := range found {
		if ended[x.ID] && life.Live(x, e.At) {
			result.Sessions = append(result.Sessions, x.ID)
		}
	}
	return result, err
}

// mark ends every session of the account except one. The account's row is locked. A presentation that runs beside it,
// on PostgreSQL, may have read the account before: it is answered as if it had come first, with tokens that have ended.
func (s *Store) mark(ctx context.Context, r runner, userID, except string, e auth.Ending) error {
	before, err := one(ctx, r, scanMark, selectMark+`where u.id = $1`, userID)
	if err != nil {
		return err
	}
	last, err := one(ctx, r, scanNumber, lastEpoch, userID)
	if err != nil {
		return err
	}
	epoch := max(before.openFrom, last) + 1
	// The exception must be open: the new epoch would revive a session that the mark before has ended.
	if except != "" {
		if _, err := exec(ctx, r, moveToEpoch+`and ended_at is null and epoch >= $3`, epoch, except, before.openFrom); err != nil {
			return err
		}
	}
	_, err = exec(ctx, r, writeMark, epoch, millis(e.At), string(e.Reason), e.BySession, e.IP, e.UserAgent, userID)
	return err
}

// marked is the mark of an account.
type marked struct {
	openFrom int64 // 0: there is none
	ending   auth.Ending
}

func scanMark(rows row) (m marked, err error) {
	var at sql.NullInt64
	var reason, session, ip, userAgent sql.NullString
	err = rows.Scan(&m.openFrom, &at, &reason, &session, &ip, &userAgent)
	m.ending = auth.Ending{At: timeOrZero(at), Reason: auth.Reason(reason.String), BySession: session.String,
		IP: ip.String, UserAgent: userAgent.String}
	return m, err
}

// sweep writes the rows of the next sessions that a mark has ended, and removes the mark of an account that has no
// more of them. It returns how many rows it wrote, and whether marks may be left.
func (s *Store) sweep(ctx context.Context, limit int) (written int64, more bool, err error) {
	const next = `select u.id from users u where u.open_from > 0 order by u.id limit 1`
	userID, err := one(ctx, s.reads, scanID, next)
	if errors.Is(err, auth.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	err = s.write(ctx, func(ctx context.Context, r runner) error {
		written = 0
		m, err := one(ctx, r, scanMark, selectMark+`where u.id = $1`+s.dialect.lockUser, userID)
		if err != nil || m.openFrom == 0 { // another process was faster
			return ignore(err, auth.ErrNotFound)
		}
		ids, err := list(ctx, r, scanID, nextSwept, userID, m.openFrom, limit)
		if err != nil {
			return err
		}
		ended, err := s.end(ctx, r, m.ending, ids...)
		if written = int64(len(ended)); err != nil || len(ids) >= limit {
			return err
		}
		_, err = exec(ctx, r, removeMark, userID)
		return err
	})
	return written, err == nil, err
}

// ignore returns err unless it is the expected one.
func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}
