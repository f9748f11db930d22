package store

import (
	"context"
	"time"

	"example.com/latchkey/server/internal/auth"
)

const selectKeys = `select number, purpose, public_key, seed, sealed_by, created_at, activates_at, access_ttl
	from signing_keys order by number`

func scanKey(rows row) (k auth.Key, err error) {
	var purpose string
	var created, activates, ttl int64
	err = rows.Scan(&k.Number, &purpose, &k.Public, &k.Secret, &k.SealedBy, &created, &activates, &ttl)
	k.Purpose, k.CreatedAt, k.ActivatesAt = auth.KeyPurpose(purpose), timeOf(created), timeOf(activates)
	k.AccessTTL = time.Duration(ttl) * time.Millisecond
	return k, err
}

// Keys implements auth.Store.
func (s *Store) Keys(ctx context.Context) ([]auth.Key, time.Time, error) {
	keys, now, err := s.readKeys(ctx, s.reads)
	return keys, now, s.wrap("keys", err)
}

func (s *Store) readKeys(ctx context.Context, r runner) ([]auth.Key, time.Time, error) {
	now, err := s.dialect.now(ctx, r)
	if err != nil {
		return nil, now, err
	}
	keys, err := list(ctx, r, scanKey, selectKeys)
	return keys, now, err
}

// ChangeKeys implements auth.Store.
func (s *Store) ChangeKeys(ctx context.Context, step func(time.Time, []auth.Key) (auth.KeyChange, error)) error {
	return s.wrap("change keys", s.write(ctx, func(ctx context.Context, r runner) error {
		if err := s.dialect.lockName(ctx, r, "signing_keys"); err != nil {
			return err
		}
		keys, now, err := s.readKeys(ctx, r)
		if err != nil {
			return err
		}
		c, err := step(now, keys)
		if err != nil {
			return err
		}
		for _, number := range c.Drop {
			if _, err := exec(ctx, r, `delete from signing_keys where number = $1`, number); err != nil {
				return err
			}
		}
		for _, k := range c.Put {
			if err := putKey(ctx, r, k); err != nil {
				return err
			}
		}
		return record(ctx, r, c.Events...)
	}))
}

func putKey(ctx context.Context, r runner, k auth.Key) error {
	_, err := exec(ctx, r, `insert into signing_keys (number, purpose, public_key, seed, sealed_by, created_at, activates_at, access_ttl)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (number) do update set public_key = excluded.public_key, seed = excluded.seed,
			sealed_by = excluded.sealed_by, activates_at = excluded.activates_at, access_ttl = excluded.access_ttl`,
		k.Number, string(k.Purpose), k.Public, k.Secret, k.SealedBy, millis(k.CreatedAt), millis(k.ActivatesAt),
		k.AccessTTL.Milliseconds())
	return err
}
