package store

import (
	"context"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// CreateAccount implements auth.Store.
func (s *Store) CreateAccount(ctx context.Context, a auth.Account, step func(time.Time) (auth.Opening, error)) error {
	return s.wrap("create account", s.write(ctx, func(ctx context.Context, r runner) error {
		now, err := s.dialect.now(ctx, r)
		if err != nil {
			return err
		}
		o, err := step(now)
		if err != nil {
			return err
		}
		_, err = exec(ctx, r, `insert into users (id, email, name, password_hash, created_at) values ($1, $2, $3, $4, $5)`,
			a.ID, a.Email, a.Name, a.PasswordHash, millis(now))
		if s.dialect.duplicate(err) {
			return auth.ErrEmailTaken
		}
		if err != nil {
			return err
		}
		return s.open(ctx, r, o)
	}))
}

const selectAccount = `select u.id, u.email, u.name, u.created_at, u.password_hash from users u `

func scanAccount(rows row) (a auth.Account, err error) {
	var created int64
	err = rows.Scan(&a.ID, &a.Email, &a.Name, &created, &a.PasswordHash)
	a.CreatedAt = timeOf(created)
	return a, err
}

// Account implements auth.Store.
func (s *Store) Account(ctx context.Context, userID string) (auth.Account, error) {
	a, err := one(ctx, s.reads, scanAccount, selectAccount+`where u.id = $1`, userID)
	return a, s.wrap("account", err)
}

// AccountByEmail implements auth.Store.
func (s *Store) AccountByEmail(ctx context.Context, email string) (auth.Account, error) {
	a, err := one(ctx, s.reads, scanAccount, selectAccount+`where u.email = $1`, email)
	return a, s.wrap("account by email", err)
}

// OpenSession implements auth.Store.
func (s *Store) OpenSession(ctx context.Context, userID string, ls []auth.Limit, step func(auth.LoginSnapshot) (auth.Opening, error)) error {
	return s.wrap("open session", s.write(ctx, func(ctx context.Context, r runner) error {
		snap, err := s.loginSnapshot(ctx, r, userID, ls...)
		if err != nil {
			return err
		}
		o, err := step(snap)
		if err != nil {
			return err
		}
		if err := countOnce(ctx, r, snap.Now, o.Counts); err != nil {
			return err
		}
		if o.PasswordHash != "" {
			if err := setPassword(ctx, r, userID, o.PasswordHash); err != nil {
				return err
			}
		}
		if err := clearFailures(ctx, r, o.Clear); err != nil {
			return err
		}
		if err := endStreak(ctx, r, o.EndStreak); err != nil {
			return err
		}
		return s.open(ctx, r, o)
	}))
}

// ChangePassword implements auth.Store.
func (s *Store) ChangePassword(ctx context.Context, asking auth.Identity, l auth.Limit, life auth.Life, step func(auth.LoginSnapshot) (auth.PasswordChange, error)) (auth.Ended, error) {
	var ended auth.Ended
	err := s.write(ctx, func(ctx context.Context, r runner) error {
		snap, err := s.loginSnapshot(ctx, r, asking.UserID, l)
		if err != nil {
			return err
		}
		if snap.Asking, err = one(ctx, r, scanEnding, selectEnding+`where s.id = $1 and s.user_id = $2`,
			asking.SessionID, asking.UserID); err != nil {
			return err
		}
		c, err := step(snap)
		if err != nil {
			return err
		}
		if err := countOnce(ctx, r, snap.Now, c.Counts); err != nil {
			return err
		}
		if err := setPassword(ctx, r, asking.UserID, c.PasswordHash); err != nil {
			return err
		}
		c.End.At = snap.Now
		if ended, err = s.endOpen(ctx, r, asking.UserID, asking.SessionID, life, c.End); err != nil {
			return err
		}
		return record(ctx, r, c.Events...)
	})
	return ended, s.wrap("change password", err)
}

// loginSnapshot reads an account that stays as it is until the transaction ends.
func (s *Store) loginSnapshot(ctx context.Context, r runner, userID string, ls ...auth.Limit) (auth.LoginSnapshot, error) {
	a, err := one(ctx, r, scanAccount, selectAccount+`where u.id = $1`+s.dialect.lockUser, userID)
	if err != nil {
		return auth.LoginSnapshot{}, err
	}
	now, err := s.dialect.now(ctx, r)
	if err != nil {
		return auth.LoginSnapshot{}, err
	}
	wait, err := blocked(ctx, r, now, ls...)
	return auth.LoginSnapshot{Now: now, PasswordHash: a.PasswordHash, Blocked: wait}, err
}

func setPassword(ctx context.Context, r runner, userID, hash string) error {
	_, err := exec(ctx, r, `update users set password_hash = $1 where id = $2`, hash, userID)
	return err
}

// open keeps a new session, and ends those whose place it takes.
func (s *Store) open(ctx context.Context, r runner, o auth.Opening) error {
	for _, e := range o.Ends {
		if _, err := s.end(ctx, r, e, e.SessionID); err != nil {
			return err
		}
	}
	if err := s.makeRoom(ctx, r, o); err != nil {
		return err
	}
	x := o.Session
	if _, err := exec(ctx, r, `insert into sessions (id, user_id, generation, tag_key, created_at, user_agent, ip, epoch)
		values ($1, $2, $3, $4, $5, $6, $7, (select open_from from users where id = $2))`,
		x.ID, x.UserID, o.Token.Generation, o.TagKey, millis(x.CreatedAt), x.UserAgent, x.IP); err != nil {
		return err
	}
	if err := insertToken(ctx, r, x.ID, o.Token); err != nil {
		return err
	}
	return record(ctx, r, o.Events...)
}
