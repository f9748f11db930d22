package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// Blocked implements auth.Store.
func (s *Store) Blocked(ctx context.Context, ls ...auth.Limit) (time.Duration, error) {
	now, err := s.dialect.now(ctx, s.reads)
	if err != nil {
		return 0, s.wrap("blocked", err)
	}
	wait, err := blocked(ctx, s.reads, now, ls...)
	return wait, s.wrap("blocked", err)
}

// blocked returns how long it will be until none of the limits is reached.
func blocked(ctx context.Context, r runner, now time.Time, ls ...auth.Limit) (time.Duration, error) {
	var wait time.Duration
	for _, l := range ls {
		if l.Max <= 0 {
			continue
		}
		for _, subject := range l.Subjects {
			w, err := blockedOne(ctx, r, now, l, subject)
			if err != nil {
				return 0, err
			}
			wait = max(wait, w)
			if l.Streak == nil {
				continue
			}
			if w, err = streakWait(ctx, r, now, l.Streak, subject); err != nil {
				return 0, err
			}
			wait = max(wait, w)
		}
	}
	return wait, nil
}

// blockedOne returns how long it will be until the subject was counted less than l.Max times within l.Window.
func blockedOne(ctx context.Context, r runner, now time.Time, l auth.Limit, subject string) (time.Duration, error) {
	// The failure that must leave the window before there is room again.
	at, err := one(ctx, r, scanNumber, `select at from login_failures where subject = $1 and at > $2 order by at desc limit 1 offset $3`,
		subject, millis(now.Add(-l.Window)), l.Max-1)
	if errors.Is(err, auth.ErrNotFound) {
		return 0, nil
	}
	return timeOf(at).Add(l.Window).Sub(now), err
}

// Count implements auth.Store. Subjects are locked in one order, so that counts which share them wait for each other
// and for nothing else.
func (s *Store) Count(ctx context.Context, ls ...auth.Limit) (time.Duration, error) {
	var wait time.Duration
	err := s.write(ctx, func(ctx context.Context, r runner) error {
		for _, subject := range subjects(ls) {
			if err := s.dialect.lockName(ctx, r, subject); err != nil {
				return err
			}
		}
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		wait, err = count(ctx, r, now, ls...)
		return err
	})
	return wait, s.wrap("count", err)
}

// subjects returns what the limits count, in the order of names.
func subjects(ls []auth.Limit) []string {
	var all []string
	for _, l := range ls {
		if l.Max > 0 {
			all = append(all, l.Subjects...)
		}
	}
	slices.Sort(all)
	return all
}

// count counts one more for each subject, unless a limit is reached: then it returns how long that lasts.
func count(ctx context.Context, r runner, now time.Time, ls ...auth.Limit) (time.Duration, error) {
	wait, err := blocked(ctx, r, now, ls...)
	if err != nil || wait > 0 {
		return wait, err
	}
	for _, subject := range subjects(ls) {
		if _, err := exec(ctx, r, `insert into login_failures (subject, at) values ($1, $2)`, subject, millis(now)); err != nil {
			return 0, err
		}
	}
	for _, l := range ls {
		if l.Streak == nil || l.Max <= 0 {
			continue
		}
		for _, subject := range l.Subjects {
			if err := extendStreak(ctx, r, now, l.Streak, subject); err != nil {
				return 0, err
			}
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
	if _, err := exec(ctx, r, `delete from login_failures where subject = $1`, subject); err != nil {
		return err
	}
	return endStreak(ctx, r, subject)
}
