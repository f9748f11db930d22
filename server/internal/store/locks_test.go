package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// What PostgreSQL's transactions do when they stand in each other's way.

// TestDeadlocksAreTriedAgain has two transactions wait for one another: PostgreSQL undoes one, and nobody is told.
func TestDeadlocksAreTriedAgain(t *testing.T) {
	dsn := pgtest.Database(t)
	var (
		both  sync.WaitGroup // holds a name each
		wg    sync.WaitGroup
		mu    sync.Mutex
		tries int
	)
	both.Add(2)
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		s, first := openPostgres(t, dsn), true
		wg.Go(func() {
			if err := s.Transact(context.Background(), func(lock func(string) error) error {
				mu.Lock()
				tries++
				mu.Unlock()
				if err := lock(names[0]); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				return lock(names[1])
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if tries != 3 {
		t.Errorf("%d tries for two transactions of which one is undone once", tries)
	}
}

func TestTriesAreBounded(t *testing.T) {
	s := openPostgres(t, pgtest.Database(t))
	for _, row := range []struct {
		name        string
		err         error
		tries       int
		unavailable bool
	}{
		{"serialization failure", &pgconn.PgError{Code: "40001"}, store.MaxTries, true},
		{"deadlock", fmt.Errorf("wrapped: %w", &pgconn.PgError{Code: "40P01"}), store.MaxTries, true},
		{"the domain's own no", auth.ErrChanged, 1, false},
		{"not to be repeated", &pgconn.PgError{Code: "57P01"}, 1, true},
		{"a mistake of ours", &pgconn.PgError{Code: "42601"}, 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			tries := 0
			err := s.Transact(t.Context(), func(func(string) error) error { tries++; return row.err })
			if tries != row.tries || errors.Is(err, auth.ErrUnavailable) != row.unavailable || err == nil {
				t.Errorf("%d tries, %v", tries, err)
			}
		})
	}
}

// TestALockHeldForLong stands for a process that stopped in the middle: others wait for it a while, and no longer.
func TestALockHeldForLong(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	s := openPostgres(t, dsn)
	o := account(t, s)
	tx, err := beside(t, dsn).Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`select 1 from sessions where id = $1 for update`, o.Session.ID); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	present := func(ctx context.Context) error {
		return s.Present(ctx, o.Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) { return auth.Change{SeenAt: snap.Now}, nil })
	}
	// Who gives up before that does not change that a transaction which has begun is carried through.
	ctx, giveUp := context.WithCancel(t.Context())
	defer time.AfterFunc(store.Patience/10, giveUp).Stop()
	if err := present(ctx); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("error %v, want %v", err, auth.ErrUnavailable)
	}
	if d := time.Since(began); d < store.Patience*9/10 || d > 3*store.Patience {
		t.Errorf("waited %v, want %v", d, store.Patience)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := present(t.Context()); err != nil {
		t.Errorf("once the lock is gone: %v", err)
	}
}

// TestTimeGoesOnWhileALockIsAwaited: a rotation is dated when it is decided on, and not when its transaction began, or
// a grace that is over would be judged as if it was not.
func TestTimeGoesOnWhileALockIsAwaited(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	s := openPostgres(t, dsn)
	o := account(t, s)
	db := beside(t, dsn)
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`select 1 from sessions where id = $1 for update`, o.Session.ID); err != nil {
		t.Fatal(err)
	}
	now := make(chan time.Time, 1)
	go func() {
		defer close(now)
		if err := s.Present(context.Background(), o.Session.ID, 1, func(snap auth.Snapshot) (auth.Change, error) {
			now <- snap.Now
			return auth.Change{}, nil
		}); err != nil {
			t.Error(err)
		}
	}()
	if err := waiting(db); err != nil {
		t.Error(err)
	}
	var released int64
	if err := tx.QueryRow(`select ceil(extract(epoch from clock_timestamp()) * 1000)::bigint from pg_sleep(0.05)`).Scan(&released); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if at := (<-now).UnixMilli(); at < released-1 {
		t.Errorf("dated %d ms before the lock was released", released-at)
	}
}

// waiting returns once somebody waits for a lock. It fails where nobody does in time.
func waiting(db *sql.DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), store.Patience/2) // who waits has to be let on in time
	defer cancel()
	for n := 0; n == 0; {
		if err := db.QueryRowContext(ctx, `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&n); err != nil {
			return fmt.Errorf("nobody waits: %w", err)
		}
	}
	return nil
}

// TestMigrationsWaitForEachOther starts a process while another one migrates.
func TestMigrationsWaitForEachOther(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	db := beside(t, dsn)
	other, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.ExecContext(t.Context(), `select pg_advisory_lock($1)`, int64(store.MigrationLock)); err != nil {
		t.Fatal(err)
	}
	opened := make(chan error, 1)
	go func() {
		s, err := store.Open(context.Background(), dsn, nil)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	if err := waiting(db); err != nil {
		t.Error(err)
	}
	if _, err := other.ExecContext(t.Context(), `select pg_advisory_unlock($1)`, int64(store.MigrationLock)); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Error(err)
	}
}

// TestLoginsOfOneAccountWaitForEachOther: what a login decides on, the hash and the failures, is nobody else's to
// change until it is through.
func TestLoginsOfOneAccountWaitForEachOther(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	s, db := openPostgres(t, dsn), beside(t, dsn)
	user := account(t, s).Session.UserID
	deciding, decide := make(chan struct{}), make(chan struct{})
	var logins sync.WaitGroup
	login := func(hash string, during func(auth.LoginSnapshot)) {
		logins.Go(func() {
			if err := s.OpenSession(context.Background(), user, nil, func(snap auth.LoginSnapshot) (auth.Opening, error) {
				during(snap)
				o := opening(user, snap.Now)
				o.PasswordHash = hash
				return o, nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	login("second hash", func(auth.LoginSnapshot) { close(deciding); <-decide })
	<-deciding
	login("third hash", func(snap auth.LoginSnapshot) {
		if snap.PasswordHash != "second hash" {
			t.Errorf("the second login decides on %q", snap.PasswordHash)
		}
	})
	if err := waiting(db); err != nil {
		t.Error(err)
	}
	close(decide)
	logins.Wait()
}
