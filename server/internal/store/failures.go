package store

import (
	"context"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// Blocked implements auth.Store.
func (s *Store) Blocked(ctx context.Context, l auth.Limit) (time.Duration, error) {
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return 0, s.wrap("blocked", err)
	}
	wait, err := blocked(ctx, s.reads, now, l)
	return wait, s.wrap("blocked", err)
}

// LoggedInFrom implements auth.Store.
func (s *Store) LoggedInFrom(ctx context.Context, userID, network string) (bool, error) {
	n, err := one(ctx, s.reads, scanNumber, `select count(*) from (
		select 1 from sessions where user_id = $1 and network = $2 limit 1) found`, userID, network)
	return n > 0, s.wrap("logged in from", err)
}

// blocked returns how long it will be until every subject was counted less than l.Max times within l.Window.
func blocked(ctx context.Context, r runner, now time.Time, l auth.Limit) (time.Duration, error) {
	var wait time.Duration
	if l.Max <= 0 {
		return 0, nil
	}
	for _, subject := range l.Subjects {
		// The one that must leave the window before there is room again.
		found, err := list(ctx, r, scanNumber, `select at from login_failures where subject = $1 and at > $2 order by at desc limit 1 offset $3`,
			subject, millis(now.Add(-l.Window)), l.Max-1)
		if err != nil {
			return 0, err
		}
		for _, at := range found {
			wait = max(wait, timeOf(at).Add(l.Window).Sub(now))
		}
	}
	return wait, nil
}

// Count implements auth.Store.
func (s *Store) Count(ctx context.Context, l auth.Limit) (time.Duration, error) {
	var wait time.Duration
	err := s.write(ctx, func(ctx context.Context, r runner) error {
		for _, subject := range l.Subjects {
			if err := s.dialect.lockName(ctx, r, subject); err != nil {
				return err
			}
		}
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		wait, err = count(ctx, r, now, l)
		return err
	})
	return wait, s.wrap("count", err)
}

// count counts one more for each subject, unless the limit is reached: then it returns how long that lasts.
func count(ctx context.Context, r runner, now time.Time, l auth.Limit) (time.Duration, error) {
	wait, err := blocked(ctx, r, now, l)
	if err != nil || wait > 0 || l.Max <= 0 {
		return wait, err
	}
	for _, subject := range l.Subjects {
		if _, err := exec(ctx, r, `insert into login_failures (subject, at) values ($1, $2)`, subject, millis(now)); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// countOnce counts what the transaction does. It fails with *auth.ReachedError where the limit is reached.
func countOnce(ctx context.Context, r runner, now time.Time, l auth.Limit) error {
	wait, err := count(ctx, r, now, l)
	if err == nil && wait > 0 {
		return &auth.ReachedError{Wait: wait}
	}
	return err
}

func clearFailures(ctx context.Context, r runner, subject string) error {
	if subject == "" {
		return nil
	}
	_, err := exec(ctx, r, `delete from login_failures where subject = $1`, subject)
	return err
}
