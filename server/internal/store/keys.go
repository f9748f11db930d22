package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"example.com/latchkey/server/internal/auth"
)

const selectKeys = `select number, purpose, public_key, seed, sealed_by, created_at, activates_at, access_ttl, exposed
	from signing_keys order by number`

// wipeKeys deletes every key. Without a condition SQLite zeroes the pages of the table as a whole: parts of them that are
// free may hold secrets of rows that were changed before secure_delete was on.
const wipeKeys = `delete from signing_keys`

func scanKey(rows row) (k auth.Key, err error) {
	var purpose string
	var created, activates, ttl, exposed int64
	err = rows.Scan(&k.Number, &purpose, &k.Public, &k.Secret, &k.SealedBy, &created, &activates, &ttl, &exposed)
	k.Purpose, k.CreatedAt, k.ActivatesAt = auth.KeyPurpose(purpose), timeOf(created), timeOf(activates)
	k.AccessTTL, k.Exposed = time.Duration(ttl)*time.Millisecond, exposed != 0
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

// ChangeKeys implements auth.Store. Secrets that it removes are not in the files of an SQLite database any more when it
// returns, or soon after where a reader is in the way (scrubber).
func (s *Store) ChangeKeys(ctx context.Context, step func(time.Time, []auth.Key) (auth.KeyChange, error)) error {
	removed := false
	err := s.write(ctx, func(ctx context.Context, r runner) error {
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
		drop, put := c.Drop, c.Put
		if removed = removesSecrets(keys, c); removed && s.scrubber != nil {
			if _, err := exec(ctx, r, wipeKeys); err != nil {
				return err
			}
			drop, put = nil, changed(keys, c)
		}
		for _, number := range drop {
			if _, err := exec(ctx, r, `delete from signing_keys where number = $1`, number); err != nil {
				return err
			}
		}
		for _, k := range put {
			if err := putKey(ctx, r, k); err != nil {
				return err
			}
		}
		return record(ctx, r, c.Events...)
	})
	if err == nil && removed && s.scrubber != nil {
		s.scrubber.scrub()
	}
	return s.wrap("change keys", err)
}

// removesSecrets reports whether the change takes a secret out of the table.
func removesSecrets(keys []auth.Key, c auth.KeyChange) bool {
	return len(c.Drop) > 0 || slices.ContainsFunc(c.Put, func(put auth.Key) bool {
		return slices.ContainsFunc(keys, func(k auth.Key) bool {
			return k.Number == put.Number && !bytes.Equal(k.Secret, put.Secret)
		})
	})
}

// changed returns the keys with the change.
func changed(keys []auth.Key, c auth.KeyChange) []auth.Key {
	kept := slices.DeleteFunc(slices.Clone(keys), func(k auth.Key) bool {
		return slices.Contains(c.Drop, k.Number) ||
			slices.ContainsFunc(c.Put, func(put auth.Key) bool { return k.Number == put.Number })
	})
	return append(kept, c.Put...)
}

func putKey(ctx context.Context, r runner, k auth.Key) error {
	_, err := exec(ctx, r, `insert into signing_keys (number, purpose, public_key, seed, sealed_by, created_at, activates_at, access_ttl, exposed)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (number) do update set public_key = excluded.public_key, seed = excluded.seed,
			sealed_by = excluded.sealed_by, activates_at = excluded.activates_at, access_ttl = excluded.access_ttl,
			exposed = excluded.exposed`,
		k.Number, string(k.Purpose), k.Public, k.Secret, k.SealedBy, millis(k.CreatedAt), millis(k.ActivatesAt),
		k.AccessTTL.Milliseconds(), number(k.Exposed))
	return err
}

// number is a yes or no as the tables hold it.
func number(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
