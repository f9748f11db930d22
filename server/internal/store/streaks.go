package store

import (
	"context"
	"errors"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// inARow is the failures in a row of one subject.
type inARow struct {
	failures int64
	last     int64
}

func scanStreak(rows row) (x inARow, err error) {
	err = rows.Scan(&x.failures, &x.last)
	return x, err
}

// streakOf returns the subject's failures in a row, the zero value where there are none.
func streakOf(ctx context.Context, r runner, now time.Time, subject string) (inARow, error) {
	x, err := one(ctx, r, scanStreak, `select failures, last_at from login_streaks where subject = $1 and drop_at > $2`,
		subject, millis(now))
	if errors.Is(err, auth.ErrNotFound) {
		err = nil
	}
	return x, err
}

// streakWait returns how long it will be until the subject's failures in a row allow another try.
func streakWait(ctx context.Context, r runner, now time.Time, streak *auth.Streak, subject string) (time.Duration, error) {
	x, err := streakOf(ctx, r, now, subject)
	if err != nil || x.failures == 0 {
		return 0, err
	}
	return timeOf(x.last).Add(streak.Wait(int(x.failures))).Sub(now), nil
}

// extendStreak counts one more failure in a row. The subject's name is locked.
func extendStreak(ctx context.Context, r runner, now time.Time, streak *auth.Streak, subject string) error {
	x, err := streakOf(ctx, r, now, subject)
	if err != nil {
		return err
	}
	failures := x.failures + 1
	_, err = exec(ctx, r, `insert into login_streaks (subject, failures, last_at, drop_at) values ($1, $2, $3, $4)
		on conflict (subject) do update set failures = $2, last_at = $3, drop_at = $4`,
		subject, failures, millis(now), millis(now.Add(streak.Keep(int(failures)))))
	return err
}

func endStreak(ctx context.Context, r runner, subject string) error {
	if subject == "" {
		return nil
	}
	_, err := exec(ctx, r, `delete from login_streaks where subject = $1`, subject)
	return err
}
