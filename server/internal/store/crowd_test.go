package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// crowdSize is how many sessions an account could get in minutes, before there was a limit.
const crowdSize = 10_000

// addCrowd opens very many sessions of the user, past the store.
func addCrowd(t *testing.T, db *sql.DB, user string) {
	t.Helper()
	now := time.Now().UnixMilli()
	numbers := `with recursive n(i) as (select 1 union all select i + 1 from n where i < ` + fmt.Sprint(crowdSize) + `) `
	for _, do := range []struct {
		query string
		args  []any
	}{
		{`insert into sessions (id, user_id, generation, tag_key, created_at, user_agent, ip) ` + numbers +
			`select cast($1 as text) || i, cast($2 as text), 1, cast($3 as bytea), cast($4 as bigint) + i, 'Test/1.0', '192.0.2.1' from n`, []any{crowdID(user), user, []byte("tag key"), now}},
		{`insert into refresh_tokens (session_id, generation, hash, sent_at, expires_at, sealed) ` + numbers +
			`select cast($1 as text) || i, 1, cast($2 as bytea), cast($3 as bigint), cast($4 as bigint), cast($5 as bytea) from n`,
			[]any{crowdID(user), []byte("hash"), now, now + time.Hour.Milliseconds(), []byte("sealed")}},
	} {
		if _, err := db.ExecContext(t.Context(), do.query, do.args...); err != nil {
			t.Fatal(err)
		}
	}
}

// crowdID is what the ids of a user's crowd have before their numbers.
func crowdID(user string) string { return "crowd of " + user + " " }

// TestTenThousandSessions ends the sessions of an account that has very many, as its holder asks for it: by a few
// statements, at once, in every process, and for good.
func TestTenThousandSessions(t *testing.T) {
	for _, engine := range []struct{ name, driver, dsn string }{
		{"SQLite", "sqlite3", filepath.Join(t.TempDir(), "latchkey.db")},
		{"PostgreSQL", "pgx", pgtest.Database(t)},
	} {
		for _, row := range []struct {
			name   string
			reason auth.Reason
			end    func(*auth.Service, auth.Identity, string) (int, error)
			spared bool
		}{
			{"change of password", auth.ReasonPasswordChanged, func(s *auth.Service, id auth.Identity, current string) (int, error) {
				return crowdSize + 5, s.ChangePassword(context.Background(), auth.Visitor{}, id, current, "another horse battery")
			}, true},
			{"logout everywhere", auth.ReasonLoggedOut, func(s *auth.Service, id auth.Identity, _ string) (int, error) {
				n, err := s.LogoutEverywhere(context.Background(), auth.Visitor{}, id)
				return n - 1, err
			}, false},
		} {
			t.Run(engine.name+", "+row.name, func(t *testing.T) {
				c := newCrowd(t, engine.driver, engine.dsn)
				began := time.Now()
				n, err := row.end(c.services[0], c.asking, "correct horse battery")
				t.Logf("ended in %v", time.Since(began))
				if err != nil || n != crowdSize+5 {
					t.Fatalf("ended %d sessions, %v (%v)", n, err, errors.Unwrap(err))
				}
				c.wantRows("one short transaction", store.AtOnce)
				c.wantRefused(row.reason)
				c.sweep()
				c.wantRefused(row.reason)
				want := crowdSize + 5
				if !row.spared {
					want++
				}
				c.wantRows("all rows are written", want)
				_, err = c.services[0].Authenticate(t.Context(), c.token, true)
				if _, otherErr := c.services[1].Authenticate(t.Context(), c.token, true); (err == nil) != row.spared || (otherErr == nil) != row.spared {
					t.Errorf("the asking session: %v, %v", err, otherErr)
				}
				if _, err := c.services[1].Login(t.Context(), c.email, map[bool]string{true: "another horse battery", false: "correct horse battery"}[row.spared], auth.Visitor{}); err != nil {
					t.Errorf("a new login: %v", err)
				}
			})
		}
	}
}

// crowdOf is an account with very many sessions, and two processes.
type crowdOf struct {
	t        *testing.T
	db       *sql.DB
	store    *store.Store
	services []*auth.Service // the first one ends the sessions
	email    string
	asking   auth.Identity
	token    string       // of the asking session
	victims  []auth.Grant // five sessions that are older than the crowd, and get no row of their own at once
}

func newCrowd(t *testing.T, driver, dsn string) *crowdOf {
	c := &crowdOf{t: t, email: newBenchID() + "@example.com"}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	for range 2 {
		s, service := serving(t, dsn)
		t.Cleanup(func() { stop(); running.Wait() }) // before the store is closed
		c.store, c.services = s, append(c.services, service)
	}
	g, err := c.services[0].SignUp(t.Context(), c.email, "correct horse battery", "", auth.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		victim, err := c.services[0].Login(t.Context(), c.email, "correct horse battery", auth.Visitor{})
		if err != nil {
			t.Fatal(err)
		}
		c.victims = append(c.victims, victim)
	}
	c.token = g.AccessToken
	if c.db, err = sql.Open(driver, dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.db.Close() })
	addCrowd(t, c.db, g.User.ID)
	for _, s := range c.services {
		running.Go(func() {
			if err := s.Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	for _, s := range c.services {
		if c.asking, err = s.Authenticate(t.Context(), c.token, true); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// wantRows holds that so many sessions have an ending in their own rows, and in the audit record.
func (c *crowdOf) wantRows(when string, want int) {
	c.t.Helper()
	for what, query := range map[string]string{
		"sessions have endings": `select count(*) from sessions where ended_at is not null and user_id = $1`,
		"endings are on record": `select count(*) from audit where kind = 'SESSION_ENDED' and user_id = $1`,
		"sessions are named":    `select count(distinct session_id) from audit where kind = 'SESSION_ENDED' and user_id = $1`,
	} {
		var n int
		if err := c.db.QueryRowContext(c.t.Context(), query, c.asking.UserID).Scan(&n); err != nil || n != want {
			c.t.Errorf("%s: %d %s, want %d; %v", when, n, what, want, err)
		}
	}
}

// wantRefused holds that both processes refuse the ended sessions: the first at once, the second in a second.
func (c *crowdOf) wantRefused(reason auth.Reason) {
	c.t.Helper()
	is := func(err error) bool {
		e := (*auth.Error)(nil)
		return errors.As(err, &e) && e.Reason == reason
	}
	for i, s := range c.services {
		late := time.Now().Add(10 * time.Second) // a busy machine's second
		for _, g := range c.victims {
			_, err := s.Authenticate(c.t.Context(), g.AccessToken, true)
			for i > 0 && !is(err) && time.Now().Before(late) {
				time.Sleep(10 * time.Millisecond)
				_, err = s.Authenticate(c.t.Context(), g.AccessToken, true)
			}
			_, refresh := s.Refresh(c.t.Context(), auth.Visitor{Tokens: []string{g.RefreshToken}}, auth.RefreshOptions{})
			if !is(err) || !is(refresh) {
				c.t.Errorf("process %d: %v; refresh: %v; want %s", i, err, refresh, reason)
			}
		}
	}
	for i := 1; i <= crowdSize; i += 500 {
		if e, err := c.store.Ending(c.t.Context(), fmt.Sprint(crowdID(c.asking.UserID), i)); e.Reason != reason || err != nil {
			c.t.Errorf("session %d of the crowd: %+v, %v", i, e, err)
		}
	}
}

// sweep is a round of pruning. Each of its steps is short.
func (c *crowdOf) sweep() {
	c.t.Helper()
	_, longest, err := prune(c.store, 0)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("the longest step of a round took %v", longest)
}

// TestEndingsScanNothing asks both engines how they come by the rows, beside very many others.
func TestEndingsScanNothing(t *testing.T) {
	for _, engine := range []struct {
		name, driver, dsn string
		steps             func(*testing.T, *sql.DB, string, []any) []string
		scans             []string
	}{
		{"SQLite", "sqlite3", filepath.Join(t.TempDir(), "latchkey.db"), planOfSQLite, []string{"SCAN s", "SCAN t", "SCAN u", "SCAN refresh_tokens", "SCAN sessions"}},
		{"PostgreSQL", "pgx", pgtest.Database(t), planOfPostgres, []string{"Seq Scan on sessions", "Seq Scan on refresh_tokens"}},
	} {
		t.Run(engine.name, func(t *testing.T) {
			s := openBench(t, engine.dsn)
			t.Cleanup(func() { s.Close() })
			db, err := sql.Open(engine.driver, engine.dsn)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			other, few := account(t, s), account(t, s)
			addCrowd(t, db, other.Session.UserID)
			for query, args := range store.EndingQueries(few.Session.UserID, few.Session.ID, engine.driver == "pgx") {
				for _, step := range engine.steps(t, db, query, args) {
					for _, scan := range engine.scans {
						if strings.Contains(step+" ", scan+" ") {
							t.Errorf("%s: %s", step, query)
						}
					}
				}
			}
		})
	}
}

func planOfSQLite(t *testing.T, db *sql.DB, query string, args []any) (steps []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "explain query plan "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}

func planOfPostgres(t *testing.T, db *sql.DB, query string, args []any) (steps []string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), `analyze`); err != nil {
		t.Fatal(err)
	}
	rows, err := db.QueryContext(t.Context(), "explain "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var step string
		if err := rows.Scan(&step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}
