package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// soak makes the tests of growth as long as what they promise; without it they are short.
var soak = os.Getenv("LATCHKEY_SOAK") != ""

func sized(short, long int) int {
	if soak {
		return long
	}
	return short
}

// pruneStep is how much a service prunes in one step, and prunePause how long it waits after each.
const (
	pruneStep  = 200
	prunePause = 20 * time.Millisecond
)

var retention = auth.Retention{Grace: 30 * time.Second, Recovery: 24 * time.Hour, Sessions: 744 * time.Hour, Counts: time.Hour}

// prune is a round of pruning, as a service does it but for the pauses. It returns how many rows went and how long the
// longest step took.
func prune(s *store.Store, pause time.Duration) (removed int, longest time.Duration, err error) {
	for at := (auth.PruneCursor{}); ; time.Sleep(pause) {
		began := time.Now()
		next, n, err := s.Prune(context.Background(), retention, at, pruneStep)
		if err != nil {
			return removed, longest, err
		}
		longest = max(longest, time.Since(began))
		removed += n
		if at = next; at == (auth.PruneCursor{}) {
			return removed, longest, nil
		}
	}
}

// aging returns how a session rotates whose tokens are each superseded more than a day before the next.
func aging(s *store.Store, session string, current int64) func() error {
	return func() error {
		err := s.Present(context.Background(), session, current, func(snap auth.Snapshot) (auth.Change, error) {
			past := snap.Now.Add(-25 * time.Hour)
			return auth.Change{SeenAt: past, Succession: &auth.Succession{
				Generation: current, At: past, ExpiresAt: past.Add(30 * time.Second), Sealed: make([]byte, 66),
				Next: auth.Token{Generation: current + 1, Hash: make([]byte, 32), SentAt: snap.Now, ExpiresAt: snap.Now.Add(time.Hour)},
			}}, nil
		})
		current++
		return err
	}
}

// TestGrowthOfASession: a session that is open for months keeps its size, and its rotations their time.
func TestGrowthOfASession(t *testing.T) {
	s := openFile(t)
	session := benchAccount(t, s)
	rotate := aging(s, session, 1)
	rotations := sized(2000, 10_000)
	var pages int
	for n := 1; n <= rotations; n++ {
		if err := rotate(); err != nil {
			t.Fatal(err)
		}
		if n%100 == 0 {
			if _, _, err := prune(s, 0); err != nil {
				t.Fatal(err)
			}
			if rows := number(t, s, `select count(*) from refresh_tokens`); rows != 1 {
				t.Fatalf("after %d rotations there are %d tokens", n, rows)
			}
		}
		if n == rotations/10 {
			pages = number(t, s, `select page_count from pragma_page_count`)
		}
	}
	after := number(t, s, `select page_count from pragma_page_count`)
	if after > pages {
		t.Errorf("the file has grown from %d pages to %d", pages, after)
	}
	grown, fresh := sideBySide(t, rotate)
	t.Logf("%d rotations of one session: 1 row, %d pages of 4 KiB; a rotation takes %v, beside %v in a new file", rotations, after, grown, fresh)
}

// TestGrowthOfManySessions: what one session costs does not depend on how many others there are.
func TestGrowthOfManySessions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "latchkey.db")
	s := openBench(t, path)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	sessions := sized(5000, 100_000)
	ids := fill(t, "sqlite3", path, sessions, 0)
	perSession := float64(number(t, s, `select page_count from pragma_page_count`)) * 4096 / float64(sessions)
	var rotations []func() error
	for i := range 100 {
		rotations = append(rotations, aging(s, ids[i*sessions/100], 1))
	}
	next := 0
	rotate := func() error {
		next++
		return rotations[next%len(rotations)]()
	}
	grown, fresh := sideBySide(t, rotate)
	began := time.Now()
	removed, longest, err := prune(s, 0)
	if err != nil {
		t.Fatal(err)
	}
	if rows := number(t, s, `select count(*) from refresh_tokens`); rows != sessions || removed != next {
		t.Errorf("%d sessions have %d tokens, after %d rotations of which %d were pruned", sessions, rows, next, removed)
	}
	t.Logf("%d sessions of %.0f bytes; a rotation takes %v, beside %v in a new file; a round of pruning %v, its longest step %v",
		sessions, perSession, grown, fresh, time.Since(began), longest)
}

// TestGrowthIsPrunedBesideRotations: while a service prunes what has come together, rotations go on.
func TestGrowthIsPrunedBesideRotations(t *testing.T) {
	backlog := sized(4000, 20_000)
	for _, row := range []struct{ name, driver, dsn string }{
		{"SQLite", "sqlite3", filepath.Join(t.TempDir(), "latchkey.db")},
		{"PostgreSQL", "pgx", pgtest.Database(t)},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := openBench(t, row.dsn)
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			rotate := presenting(s, benchAccount(t, s))
			alone := timed(t, 300, rotate)
			fill(t, row.driver, row.dsn, backlog/100, 100)
			type round struct {
				removed int
				longest time.Duration
				err     error
			}
			done := make(chan round, 1)
			go func() {
				removed, longest, err := prune(s, prunePause)
				done <- round{removed, longest, err}
			}()
			var beside []time.Duration
			for {
				select {
				case r := <-done:
					if r.removed != backlog || r.err != nil {
						t.Errorf("pruned %d of %d, %v", r.removed, backlog, r.err)
					}
					worst := slices.Max(beside)
					if worst > 2*time.Second {
						t.Errorf("a rotation waited %v", worst)
					}
					t.Logf("%d rows pruned, the longest step %v; %d rotations meanwhile, median %v, the slowest %v; alone median %v, the slowest %v",
						r.removed, r.longest, len(beside), median(beside), worst, median(alone), slices.Max(alone))
					return
				default:
					beside = append(beside, timed(t, 1, rotate)...)
				}
			}
		})
	}
}

// fill adds sessions with one current token each, and so many superseded ones before it that nothing asks for any more.
func fill(t *testing.T, driver, dsn string, sessions, superseded int) (ids []string) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	user, now := newBenchID(), time.Now().UnixMilli()
	do(`insert into users (id, email, name, password_hash, created_at) values ($1, $2, '', '', $3)`, user, user, now)
	prepare := func(query string) *sql.Stmt {
		st, err := tx.PrepareContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	session := prepare(`insert into sessions (id, user_id, generation, tag_key, created_at, user_agent, ip) values ($1, $2, $3, $4, $5, $6, '192.0.2.1')`)
	token := prepare(`insert into refresh_tokens (session_id, generation, hash, sent_at, expires_at, superseded_at, seen_at, sealed)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`)
	run := func(st *sql.Stmt, args ...any) {
		t.Helper()
		if _, err := st.ExecContext(t.Context(), args...); err != nil {
			t.Fatal(err)
		}
	}
	old := now - 30*time.Hour.Milliseconds()
	for range sessions {
		id := newBenchID()
		ids = append(ids, id)
		run(session, id, user, superseded+1, make([]byte, 32), now, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
		for g := range superseded {
			old++
			run(token, id, g+1, make([]byte, 32), old, old, old, old, make([]byte, 66))
		}
		run(token, id, superseded+1, make([]byte, 32), now, now, nil, now, nil)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// sideBySide rotates in turns there and in a new file, and fails where the fastest there takes several times what the
// fastest in the new file does: a busy machine only adds to what a rotation takes.
func sideBySide(t *testing.T, there func() error) (grown, fresh time.Duration) {
	t.Helper()
	s := openFile(t)
	rotate := aging(s, benchAccount(t, s), 1)
	var a, b []time.Duration
	for range 300 {
		a = append(a, timed(t, 1, there)...)
		b = append(b, timed(t, 1, rotate)...)
	}
	if slices.Min(a) > 3*slices.Min(b) {
		t.Errorf("a rotation takes %v at best, and in a new file %v", slices.Min(a), slices.Min(b))
	}
	return median(a), median(b)
}

// timed returns how long do takes each of n times.
func timed(t *testing.T, n int, do func() error) (took []time.Duration) {
	t.Helper()
	for range n {
		began := time.Now()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	return took
}

func median(d []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(d))
	return sorted[len(sorted)/2].Round(time.Microsecond)
}

// number returns the one number of a query.
func number(t *testing.T, s *store.Store, query string) int {
	t.Helper()
	n, err := strconv.Atoi(s.Value(t, query))
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", query, err))
	}
	return n
}
