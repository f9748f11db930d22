package store

import (
	"context"
	"database/sql"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// Present implements auth.Store. The session's row is read under a lock, and every write is guarded by what was read
// besides: with two guards, a hole in one is none in the whole.
func (s *Store) Present(ctx context.Context, sessionID string, generation int64, step func(auth.Snapshot) (auth.Change, error)) error {
	return s.wrap("present", s.write(ctx, func(ctx context.Context, r runner) error {
		snap, err := s.snapshot(ctx, r, sessionID, generation)
		if err != nil {
			return err
		}
		change, err := step(snap)
		if err != nil || change.Empty() {
			return err
		}
		return s.apply(ctx, r, snap, change)
	}))
}

// snapshot reads a session with its tokens from the presented one on. Where transactions run side by side the session
// is locked first, by a statement of its own: what another one committed while this one waited, only a later statement
// sees. For the same reason the time is read with the tokens, and not before: no token that is pruned before they are
// read can be one that was still good at that time.
func (s *Store) snapshot(ctx context.Context, r runner, sessionID string, generation int64) (snap auth.Snapshot, err error) {
	if s.dialect.lockSession != "" {
		if _, err := one(ctx, r, scanNumber, s.dialect.lockSession, sessionID); err != nil {
			return snap, err
		}
	}
	rows, err := list(ctx, r, scanSnapshot, s.dialect.selectSnapshot, generation, sessionID)
	if err != nil {
		return snap, err
	}
	if len(rows) == 0 {
		return snap, auth.ErrNotFound
	}
	snap = rows[0]
	snap.Session.ID = sessionID
	if snap.Now.IsZero() {
		if snap.Now, err = s.dialect.now(ctx, r); err != nil {
			return snap, err
		}
	}
	if snap.Gone = snap.Token.Generation != generation; !snap.Gone {
		rows = rows[1:]
	}
	if snap.Token.Generation != 0 && snap.Session.EndedAt.IsZero() {
		for _, row := range rows {
			snap.Later = append(snap.Later, row.Token)
		}
	}
	if snap.Gone {
		snap.Token = auth.Token{Generation: generation}
	}
	return snap, nil
}

// selectSnapshot has a row for each token, or one row alone where there is no such token. Of an ended session what came
// after the presented token does not matter any more, and may be much. The cast keeps SQLite from planning the query anew
// at each presentation: it does where the value of a bare parameter might change the plan.
func selectSnapshot(clock string) string {
	return `select ` + clock + `, s.tag_key, s.created_at, s.generation, ` + endedAt + `, ` + endReason + `,
		u.id, u.email, u.name, u.created_at,
		t.generation, t.hash, t.sent_at, t.expires_at, t.superseded_at, t.seen_at, t.sealed
	from sessions s join users u on u.id = s.user_id
	left join refresh_tokens t on t.session_id = s.id and t.generation >= $1
		and (s.ended_at is null or t.generation = $1)
	where s.id = cast($2 as text) order by t.generation`
}

// scanSnapshot scans a token with its session and user. Where there is no token its generation is 0.
func scanSnapshot(rows row) (s auth.Snapshot, err error) {
	var (
		created, userCreated      int64
		now, ended                sql.NullInt64
		reason                    sql.NullString
		generation, sent, expires sql.NullInt64
		superseded, seen          sql.NullInt64
	)
	x, u, t := &s.Session, &s.User, &s.Token
	err = rows.Scan(&now, &x.TagKey, &created, &x.Generation, &ended, &reason, &u.ID, &u.Email, &u.Name, &userCreated,
		&generation, &t.Hash, &sent, &expires, &superseded, &seen, &t.Sealed)
	s.Now, x.CreatedAt, u.CreatedAt = timeOrZero(now), timeOf(created), timeOf(userCreated)
	x.EndedAt, x.EndReason = timeOrZero(ended), auth.Reason(reason.String)
	t.Generation, t.SentAt, t.ExpiresAt = generation.Int64, timeOrZero(sent), timeOrZero(expires)
	t.SupersededAt, t.SeenAt = timeOrZero(superseded), timeOrZero(seen)
	return s, err
}

// apply carries out a change of what snap shows.
func (s *Store) apply(ctx context.Context, r runner, snap auth.Snapshot, c auth.Change) error {
	session := snap.Session.ID
	var seen sql.NullInt64 // where the presented token is superseded by the change, one statement does both
	switch {
	case c.SeenAt.IsZero():
	case c.Succession != nil && c.Succession.Generation == snap.Token.Generation:
		seen = sql.NullInt64{Int64: millis(c.SeenAt), Valid: true}
	default:
		if err := markSeen(ctx, r, session, snap.Token.Generation, c.SeenAt); err != nil {
			return err
		}
	}
	if re := c.Resent; re != nil {
		if err := must(exec(ctx, r, `update refresh_tokens set sent_at = $1, expires_at = $2
			where session_id = $3 and generation = $4 and superseded_at is null`,
			millis(re.At), millis(re.ExpiresAt), session, re.Generation)); err != nil {
			return err
		}
	}
	if c.Succession != nil {
		if err := succeed(ctx, r, session, seen, *c.Succession); err != nil {
			return err
		}
	}
	if c.End != nil {
		ended, err := s.end(ctx, r, *c.End, c.End.SessionID)
		if err := must(int64(len(ended)), err); err != nil {
			return err
		}
	}
	return record(ctx, r, c.Events...)
}

// succeed puts a new token in the place of the current one, which is seen from now on unless seen is null or it was
// before.
func succeed(ctx context.Context, r runner, session string, seen sql.NullInt64, su auth.Succession) error {
	if err := must(exec(ctx, r, `update sessions set generation = $1
		where id = $2 and generation = $3 and ended_at is null`,
		su.Next.Generation, session, su.Generation)); err != nil {
		return err
	}
	if err := must(exec(ctx, r, `update refresh_tokens
		set superseded_at = $1, expires_at = $2, sealed = $3, seen_at = coalesce(seen_at, $4)
		where session_id = $5 and generation = $6 and superseded_at is null`,
		millis(su.At), millis(su.ExpiresAt), su.Sealed, seen, session, su.Generation)); err != nil {
		return err
	}
	return insertToken(ctx, r, session, su.Next)
}

func insertToken(ctx context.Context, r runner, session string, t auth.Token) error {
	_, err := exec(ctx, r, `insert into refresh_tokens (session_id, generation, hash, sent_at, expires_at)
		values ($1, $2, $3, $4, $5)`,
		session, t.Generation, t.Hash, millis(t.SentAt), millis(t.ExpiresAt))
	return err
}

// must turns a guarded write that met no row into auth.ErrChanged.
func must(changed int64, err error) error {
	if err == nil && changed == 0 {
		return auth.ErrChanged
	}
	return err
}

func markSeen(ctx context.Context, r runner, session string, generation int64, at time.Time) error {
	_, err := exec(ctx, r, `update refresh_tokens set seen_at = $1
		where session_id = $2 and generation = $3 and seen_at is null`, millis(at), session, generation)
	return err
}
