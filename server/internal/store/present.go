package store

import (
	"context"
	"database/sql"

	"example.com/latchkey/server/internal/auth"
)

// Present implements auth.Store. The session's row is read under a lock, and every write is guarded by what was read
// besides: with two guards, a hole in one is none in the whole.
func (s *Store) Present(ctx context.Context, tokenID string, step func(auth.Snapshot) (auth.Change, error)) error {
	return s.wrap("present", s.write(ctx, func(ctx context.Context, r runner) error {
		snap, err := s.snapshot(ctx, r, tokenID)
		if err != nil {
			return err
		}
		change, err := step(snap)
		if err != nil || change.Empty() {
			return err
		}
		return apply(ctx, r, snap, change)
	}))
}

// snapshot reads the session first, and its tokens once nobody else can change them.
func (s *Store) snapshot(ctx context.Context, r runner, tokenID string) (snap auth.Snapshot, err error) {
	snap, err = one(ctx, r, scanSessionAndUser, `select s.id, s.created_at, s.generation, s.ended_at, s.end_reason,
		u.id, u.email, u.name, u.created_at
		from sessions s join users u on u.id = s.user_id
		where s.id = (select session_id from refresh_tokens where id = $1)`+s.dialect.lockSession, tokenID)
	if err != nil {
		return snap, err
	}
	if snap.Now, err = s.dialect.now(ctx, r); err != nil {
		return snap, err
	}
	// The cast keeps SQLite from planning the query anew for every session: it does where a bare parameter might be 0 or 1.
	query := `select id, session_id, generation, hash, sent_at, expires_at, superseded_at, seen_at, sealed
		from refresh_tokens where session_id = cast($1 as text) and generation >= (select generation from refresh_tokens where id = $2)
		order by generation`
	if !snap.Session.EndedAt.IsZero() {
		// What came after does not matter any more, and may be much.
		query = `select id, session_id, generation, hash, sent_at, expires_at, superseded_at, seen_at, sealed
			from refresh_tokens where session_id = $1 and id = $2`
	}
	tokens, err := list(ctx, r, scanToken, query, snap.Session.ID, tokenID)
	if err != nil {
		return snap, err
	}
	if len(tokens) == 0 {
		return snap, auth.ErrNotFound
	}
	snap.Token, snap.Later = tokens[0], tokens[1:]
	return snap, nil
}

func scanSessionAndUser(rows row) (s auth.Snapshot, err error) {
	var (
		created, userCreated int64
		ended                sql.NullInt64
		reason               sql.NullString
	)
	err = rows.Scan(&s.Session.ID, &created, &s.Session.Generation, &ended, &reason,
		&s.User.ID, &s.User.Email, &s.User.Name, &userCreated)
	s.Session.CreatedAt, s.User.CreatedAt = timeOf(created), timeOf(userCreated)
	s.Session.EndedAt, s.Session.EndReason = timeOrZero(ended), auth.Reason(reason.String)
	return s, err
}

func scanToken(rows row) (t auth.Token, err error) {
	var (
		sent, expires    int64
		superseded, seen sql.NullInt64
	)
	err = rows.Scan(&t.ID, &t.SessionID, &t.Generation, &t.Hash, &sent, &expires, &superseded, &seen, &t.Sealed)
	t.SentAt, t.ExpiresAt = timeOf(sent), timeOf(expires)
	t.SupersededAt, t.SeenAt = timeOrZero(superseded), timeOrZero(seen)
	return t, err
}

// apply carries out a change of what snap shows.
func apply(ctx context.Context, r runner, snap auth.Snapshot, c auth.Change) error {
	if !c.SeenAt.IsZero() {
		if _, err := exec(ctx, r, `update refresh_tokens set seen_at = $1 where id = $2 and seen_at is null`,
			millis(c.SeenAt), snap.Token.ID); err != nil {
			return err
		}
	}
	if re := c.Resent; re != nil {
		if err := must(exec(ctx, r, `update refresh_tokens set sent_at = $1, expires_at = $2
			where id = $3 and superseded_at is null`, millis(re.At), millis(re.ExpiresAt), re.TokenID)); err != nil {
			return err
		}
	}
	if c.Succession != nil {
		if err := succeed(ctx, r, snap.Session, *c.Succession); err != nil {
			return err
		}
	}
	if c.End != nil {
		if err := must(end(ctx, r, *c.End)); err != nil {
			return err
		}
	}
	return record(ctx, r, c.Events...)
}

// succeed puts a new token in the place of the current one.
func succeed(ctx context.Context, r runner, session auth.SessionState, su auth.Succession) error {
	if err := must(exec(ctx, r, `update sessions set generation = $1
		where id = $2 and generation = $3 and ended_at is null`,
		su.Next.Generation, session.ID, session.Generation)); err != nil {
		return err
	}
	if err := must(exec(ctx, r, `update refresh_tokens set superseded_at = $1, expires_at = $2, sealed = $3
		where id = $4 and superseded_at is null`,
		millis(su.At), millis(su.ExpiresAt), su.Sealed, su.TokenID)); err != nil {
		return err
	}
	return insertToken(ctx, r, su.Next)
}

func insertToken(ctx context.Context, r runner, t auth.Token) error {
	_, err := exec(ctx, r, `insert into refresh_tokens (id, session_id, generation, hash, sent_at, expires_at)
		values ($1, $2, $3, $4, $5, $6)`,
		t.ID, t.SessionID, t.Generation, t.Hash, millis(t.SentAt), millis(t.ExpiresAt))
	return err
}

// must turns a guarded write that met no row into auth.ErrChanged.
func must(changed int64, err error) error {
	if err == nil && changed == 0 {
		return auth.ErrChanged
	}
	return err
}

// MarkSeen implements auth.Store.
func (s *Store) MarkSeen(ctx context.Context, sessionID string, generation int64) error {
	return s.wrap("mark seen", s.write(ctx, func(ctx context.Context, r runner) error {
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		_, err = exec(ctx, r, `update refresh_tokens set seen_at = $1
			where session_id = $2 and generation = $3 and seen_at is null`, millis(now), sessionID, generation)
		return err
	}))
}
