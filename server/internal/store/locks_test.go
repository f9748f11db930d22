package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// What PostgreSQL's transactions do when they stand in each other's way, or nothing answers.

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
		return s.Present(ctx, o.Token.ID, func(snap auth.Snapshot) (auth.Change, error) { return auth.Change{SeenAt: snap.Now}, nil })
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
		if err := s.Present(context.Background(), o.Token.ID, func(snap auth.Snapshot) (auth.Change, error) {
			now <- snap.Now
			return auth.Change{}, nil
		}); err != nil {
			t.Error(err)
		}
	}()
	for waiting := 0; waiting == 0; {
		if err := db.QueryRow(`select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
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

// TestANetworkThatSwallows freezes the way to the database: nothing answers, and nothing says so.
func TestANetworkThatSwallows(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	way := newFreezer(t, u.Host)
	u.Host, u.RawQuery = way.address, "sslmode=disable&pool_max_conns=3"
	s := openPostgres(t, u.String())
	o := account(t, s)
	way.freeze()
	began := time.Now()
	var wg sync.WaitGroup
	for i := range 12 { // more than there are connections
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				_, err = s.Account(context.Background(), o.Session.UserID)
			} else {
				err = s.MarkSeen(context.Background(), o.Session.ID, 1)
			}
			if !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("error %v, want %v", err, auth.ErrUnavailable)
			}
		})
	}
	wg.Wait()
	if d := time.Since(began); d > 2*store.Patience {
		t.Errorf("they waited for %v", d)
	}
	way.thaw()
	if _, err := s.Account(t.Context(), o.Session.UserID); err != nil {
		t.Errorf("once the way is free again: %v", err)
	}
	if err := s.MarkSeen(t.Context(), o.Session.ID, 1); err != nil {
		t.Errorf("once the way is free again: %v", err)
	}
}

// freezer hands on connections to a server, until it is frozen.
type freezer struct {
	address string

	mu   sync.Mutex // guards open
	open chan struct{}
}

func newFreezer(t *testing.T, to string) *freezer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	f := &freezer{address: ln.Addr().String(), open: make(chan struct{})}
	f.thaw()
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go f.copy(in, out)
			go f.copy(out, in)
		}
	}()
	return f
}

func (f *freezer) copy(to io.WriteCloser, from io.Reader) {
	defer to.Close()
	b := make([]byte, 8<<10)
	for {
		n, err := from.Read(b)
		f.mu.Lock()
		open := f.open
		f.mu.Unlock()
		<-open
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (f *freezer) freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = make(chan struct{})
}

func (f *freezer) thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.open)
}
