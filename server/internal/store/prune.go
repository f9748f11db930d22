package store

import (
	"context"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// Prune implements auth.Store.
func (s *Store) Prune(ctx context.Context, ret auth.Retention, limit int) (int, error) {
	total := 0
	err := s.write(ctx, func(ctx context.Context, r runner) error {
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		total = 0
		ago := func(d time.Duration) int64 { return millis(now.Add(-d)) }
		for _, statement := range []struct {
			query string
			args  []any
		}{
			{pruneSeals, []any{millis(now), ago(ret.Recovery), ago(ret.Grace), limit}},
			{pruneTokens, []any{ago(ret.Idle), limit}},
			{pruneSessions, []any{ago(ret.Sessions), limit}},
			{pruneFailures, []any{ago(ret.Failures), limit}},
		} {
			n, err := exec(ctx, r, statement.query, statement.args...)
			if err != nil {
				return err
			}
			total += int(n)
		}
		return nil
	})
	return total, s.wrap("prune", err)
}

const (
	// A seal answers within the grace, and then to a recovery, until that is too late or a later token was seen for
	// longer than the grace.
	pruneSeals = `update refresh_tokens set sealed = null where id in (
		select t.id from refresh_tokens t
		where t.sealed is not null and t.expires_at < $1 and (t.superseded_at < $2 or exists (
			select 1 from refresh_tokens n
			where n.session_id = t.session_id and n.generation > t.generation and n.seen_at < $3))
		order by t.expires_at limit $4)`

	// A browser may hold a token for as long as its cookie lives, and a stolen one must be known for as long.
	pruneTokens = `delete from refresh_tokens where id in (
		select id from refresh_tokens
		where sent_at < $1 and superseded_at is not null order by sent_at limit $2)`

	// The tokens of the sessions go with them.
	pruneSessions = `delete from sessions where id in (
		select session_id from refresh_tokens
		where sent_at < $1 and superseded_at is null order by sent_at limit $2)`

	pruneFailures = `delete from login_failures where at <= (
		select max(at) from (select at from login_failures where at < $1 order by at limit $2) oldest)`
)
