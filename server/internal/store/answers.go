package store

import (
	"context"

	"example.com/latchkey/server/internal/auth"
)

// MarkSeen implements auth.Store. Most often the token is the current one and not seen yet: then the one statement that
// marks it shows that it is there.
func (s *Store) MarkSeen(ctx context.Context, a auth.Answer) error {
	return s.wrap("mark seen", s.write(ctx, func(ctx context.Context, r runner) error {
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		marked, err := exec(ctx, r, `update refresh_tokens set seen_at = $1
			where session_id = $2 and generation = $3 and seen_at is null
			and exists (select 1 from sessions s where s.id = refresh_tokens.session_id and s.user_id = $4)`,
			millis(now), a.SessionID, a.Generation, a.UserID)
		if err != nil || marked > 0 {
			return err
		}
		return answered(ctx, r, a)
	}))
}

// Answered implements auth.Store.
func (s *Store) Answered(ctx context.Context, a auth.Answer) error {
	return s.wrap("answered", answered(ctx, s.reads, a))
}

func answered(ctx context.Context, r runner, a auth.Answer) error {
	_, err := one(ctx, r, scanNumber, `select s.generation from sessions s
		where s.id = $1 and s.user_id = $2 and s.generation >= $3`, a.SessionID, a.UserID, a.Generation)
	return err
}
