package store

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"example.com/latchkey/server/internal/auth"
)

// What a round of pruning looks at, one kind after another (auth.PruneCursor.Kind).
const (
	kindMarks = iota + 1 // 0 starts with the first
	kindTokens
	kindCounts
	kindStreaks
	kindAudit
	kindSessions
	kinds
)

// Prune implements auth.Store. A step is about one kind of rows, and has one short transaction at most.
func (s *Store) Prune(ctx context.Context, ret auth.Retention, from auth.PruneCursor, limit int) (auth.PruneCursor, int, error) {
	if err := ctx.Err(); err != nil {
		return from, 0, s.wrap("prune", err)
	}
	if from == (auth.PruneCursor{}) && s.scrubber != nil {
		s.scrubber.retry()
	}
	from.Kind = max(from.Kind, kindMarks)
	next := auth.PruneCursor{Kind: from.Kind + 1}
	var removed int64
	var err error
	switch {
	case from.Kind == kindMarks:
		var more bool
		if removed, more, err = s.sweep(ctx, limit); more {
			next = from
		}
	case from.Kind == kindTokens:
		next, removed, err = s.pruneTokens(ctx, ret, from, limit)
	case from.Kind == kindCounts && ret.Counts != 0:
		removed, err = s.pruneOldest(ctx, deleteFailures, limit, func(now time.Time) any { return millis(now.Add(-ret.Counts)) })
	case from.Kind == kindStreaks && ret.Counts != 0:
		removed, err = s.pruneOldest(ctx, deleteStreaks, limit, func(now time.Time) any { return millis(now) })
	case from.Kind == kindAudit && ret.Audit != 0:
		removed, err = s.pruneOldest(ctx, deleteAudit, limit, func(now time.Time) any { return firstID(now.Add(-ret.Audit)) })
	case from.Kind == kindSessions && ret.Sessions != 0:
		next, removed, err = s.pruneSessions(ctx, ret, from, limit)
	}
	if err != nil {
		return from, 0, s.wrap("prune", err)
	}
	if removed >= int64(limit) && next.Kind != from.Kind {
		next = from // of the oldest there may be more
	}
	if next.Kind >= kinds {
		next = auth.PruneCursor{}
	}
	return next, int(removed), nil
}

// pruneTokens removes superseded tokens that answer nothing any more, now or ever (see auth's recoverable). It looks at
// those that the step before has not, oldest first: many may have to stay for a day, and are passed once in a round.
func (s *Store) pruneTokens(ctx context.Context, ret auth.Retention, from auth.PruneCursor, limit int) (next auth.PruneCursor, removed int64, err error) {
	next = auth.PruneCursor{Kind: kindCounts}
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return from, 0, err
	}
	ago := func(d time.Duration) int64 { return millis(now.Add(-d)) }
	after := int64(0)
	if !from.At.IsZero() {
		after = millis(from.At)
	}
	window, err := one(ctx, s.reads, scanWindow, selectWindow, after, ago(ret.Grace), limit)
	if err != nil || window.rows == 0 {
		return next, 0, err
	}
	if window.rows >= int64(limit) {
		next = auth.PruneCursor{Kind: kindTokens, At: timeOf(window.last)}
	}
	err = s.write(ctx, func(ctx context.Context, r runner) (err error) {
		removed, err = exec(ctx, r, deleteTokens, after, window.last, millis(now), ago(ret.Recovery), ago(ret.Grace))
		return err
	})
	return next, removed, err
}

type window struct{ rows, last int64 }

func scanWindow(rows row) (w window, err error) {
	err = rows.Scan(&w.rows, &w.last)
	return w, err
}

// pruneSessions looks at the next sessions in the order of their ids, and drops those that are idle for long.
func (s *Store) pruneSessions(ctx context.Context, ret auth.Retention, from auth.PruneCursor, limit int) (next auth.PruneCursor, removed int64, err error) {
	next = auth.PruneCursor{Kind: kinds}
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return from, 0, err
	}
	sent := millis(now.Add(-ret.Sessions))
	type session struct {
		id   string
		sent int64
	}
	found, err := list(ctx, s.reads, func(rows row) (x session, err error) {
		err = rows.Scan(&x.id, &x.sent)
		return x, err
	}, selectSessions, from.Session, limit)
	if err != nil || len(found) == 0 {
		return next, 0, err
	}
	last := found[len(found)-1].id
	if len(found) >= limit {
		next = auth.PruneCursor{Kind: kindSessions, Session: last}
	}
	for _, x := range found {
		if x.sent < sent {
			err = s.write(ctx, func(ctx context.Context, r runner) (err error) {
				removed, err = exec(ctx, r, deleteSessions, from.Session, last, sent, millis(now))
				return err
			})
			break
		}
	}
	return next, removed, err
}

// pruneOldest removes what is older than a bound, oldest first.
func (s *Store) pruneOldest(ctx context.Context, query string, limit int, bound func(now time.Time) any) (removed int64, err error) {
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return 0, err
	}
	err = s.write(ctx, func(ctx context.Context, r runner) (err error) {
		removed, err = exec(ctx, r, query, bound(now), limit)
		return err
	})
	return removed, err
}

// firstID is less than every UUIDv7 that is made at the time or later (RFC 9562 §5.7).
func firstID(at time.Time) string {
	var id uuid.UUID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli())) // #nosec G115 -- no token is from before 1970
	copy(id[:], ms[2:])
	return id.String()
}

const (
	selectWindow = `select count(*), coalesce(max(superseded_at), 0) from (
		select superseded_at from refresh_tokens
		where superseded_at > $1 and superseded_at < $2 order by superseded_at limit $3) oldest`

	// Should the grace have been longer when an earlier token of the session was superseded, that token may still be
	// answered, and leads through later ones.
	deleteTokens = `delete from refresh_tokens
		where superseded_at > $1 and superseded_at <= $2 and expires_at < $3 and (superseded_at < $4 or exists (
			select 1 from refresh_tokens n
			where n.session_id = refresh_tokens.session_id and n.generation > refresh_tokens.generation and n.seen_at < $5))
		and not exists (
			select 1 from refresh_tokens p
			where p.session_id = refresh_tokens.session_id and p.generation < refresh_tokens.generation and p.expires_at >= $3)`

	selectSessions = `select s.id, t.sent_at from sessions s
		join refresh_tokens t on t.session_id = s.id and t.generation = s.generation
		where s.id > $1 order by s.id limit $2`

	// The tokens of the sessions go with them.
	deleteSessions = `delete from sessions where id > $1 and id <= $2 and exists (
		select 1 from refresh_tokens t
		where t.session_id = sessions.id and t.generation = sessions.generation and t.sent_at < $3
		and t.expires_at < $4)`

	deleteFailures = `delete from login_failures where at <= (
		select max(at) from (select at from login_failures where at < $1 order by at limit $2) oldest)`

	deleteStreaks = `delete from login_streaks where subject in (
		select subject from login_streaks where drop_at <= $1 order by drop_at limit $2)`

	// An entry's id is made when it is recorded.
	deleteAudit = `delete from audit where id in (select id from audit where id < $1 order by id limit $2)`
)
