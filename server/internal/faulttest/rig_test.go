package faulttest_test

import (
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	_ "github.com/mattn/go-sqlite3"    // registers the driver "sqlite3"

	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/shared/session"
)

// patience is how long a test waits for what must come.
const patience = time.Minute

// engines are the databases, each with a way to a new one.
var engines = []struct {
	name     string
	database func(t *testing.T) string
}{
	{"SQLite", func(t *testing.T) string { return filepath.Join(t.TempDir(), "latchkey.db") }},
	{"PostgreSQL", func(t *testing.T) string { return pgtest.Database(t) }},
}

// rig is servers on one database and clients that refresh against them.
type rig struct {
	t         *testing.T
	db        string
	servers   []*process
	troubled  atomic.Bool // the database goes away: logs may hold errors
	transport *http.Transport
	clients   []client
	leavers   []*browser // sessions to log out of, one each round
	left      []*browser
	hits      int
	writer    string // the access token of a user with many large posts
}

// newRig starts servers and logs clients in; some more log in to leave, one in each round.
func newRig(t *testing.T, db string, servers, rounds int) *rig {
	t.Helper()
	r := &rig{t: t, db: db, transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	for range servers {
		p := &process{t: t, db: db, troubled: &r.troubled}
		t.Cleanup(p.remove)
		p.start()
		r.servers = append(r.servers, p)
	}
	t.Cleanup(r.transport.CloseIdleConnections)
	users := make([]string, either(3, 5))
	for i := range users {
		users[i] = fmt.Sprintf("user%d@example.com", i)
		if a, err := r.send(0, ask{query: signUpQuery, vars: credentials(users[i])}); err != nil || a.cookie() == "" {
			t.Fatalf("sign up: %s, %v", a, err)
		}
	}
	kinds := []struct {
		name string
		vars map[string]any
	}{
		{"plain", nil},
		{"recovering", map[string]any{"recover": true}},
		{"recovering, careful", map[string]any{"recover": true, "minAge": 1}},
	}
	for i := range either(12, 36) {
		kind := kinds[i%len(kinds)]
		r.clients = append(r.clients, &browser{rig: r, kind: kind.name, vars: kind.vars, user: users[i%len(users)], place: i})
	}
	for i := range either(2, 4) {
		r.clients = append(r.clients, &user{rig: r, email: users[i]})
	}
	for range rounds {
		r.leavers = append(r.leavers, &browser{rig: r, kind: "leaving", user: users[0]})
	}
	r.enterAll()
	return r
}

// enterAll logs everybody in, no more at once than may wait for a turn. Whoever is told to wait tries again.
func (r *rig) enterAll() {
	r.t.Helper()
	var all sync.WaitGroup
	turns := make(chan struct{}, 32)
	enter := func(c client) {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			err := c.enter()
			for end := time.Now().Add(patience); errors.Is(err, session.ErrRateLimited) && time.Now().Before(end); {
				err = c.enter()
			}
			if err != nil {
				r.t.Error(err)
			}
		})
	}
	for _, c := range r.clients {
		enter(c)
	}
	for _, c := range r.leavers {
		enter(c)
	}
	all.Wait()
	if r.t.Failed() {
		r.t.FailNow()
	}
}

// load runs rounds under load. In each somebody logs out and, at a moment that nobody chose, hit breaks something, and
// mends it; then everybody must get on.
func (r *rig) load(rounds int, hit func(round int)) {
	r.t.Helper()
	done := make(chan struct{})
	var running sync.WaitGroup
	stop := sync.OnceFunc(func() { close(done); running.Wait() })
	defer stop() // also where hit ends the test
	for _, c := range r.clients {
		running.Go(func() { c.refresh(done) })
	}
	began := time.Now()
	r.allGet(3, "refreshed", answered)
	for round := range rounds {
		leaver := r.leavers[0]
		r.leavers, r.left = r.leavers[1:], append(r.left, leaver)
		leaver.logout(r.t)
		time.Sleep(rand.N(20 * time.Millisecond)) // any moment of a rotation is as likely as any other
		hit(round)
		r.hits++
		r.allGet(3, "refreshed", answered)
	}
	took := time.Since(began)
	stop()
	r.verify(took)
}

func answered(c *counts) int64 { return c.answered.Load() }
func waited(c *counts) int64   { return c.waited.Load() }

// allGet waits until every client has counted n more.
func (r *rig) allGet(n int64, what string, count func(*counts) int64) {
	r.t.Helper()
	before := make([]int64, len(r.clients))
	for i, c := range r.clients {
		before[i] = count(c.counted())
	}
	eventually(r.t, what, func() bool {
		for i, c := range r.clients {
			if !c.counted().lost.Load() && count(c.counted()) < before[i]+n {
				return false
			}
		}
		return true
	})
}

// eventually waits until the condition holds, and ends the test where it does not within patience.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("after %s: not %s", patience, what)
		}
	}
}

// verify asks whether all are still who they were, and tells what happened.
func (r *rig) verify(took time.Duration) {
	r.t.Helper()
	sum := counts{}
	lost := 0
	for _, c := range r.clients {
		n := c.counted()
		if err := c.alive(); err != nil {
			lost++
			r.t.Error(err)
		}
		sum.answered.Add(n.answered.Load())
		sum.rotated.Add(n.rotated.Load())
		sum.unanswered.Add(n.unanswered.Load())
		sum.waited.Add(n.waited.Load())
	}
	for _, b := range r.left {
		if a, err := b.send(b.place, ask{query: refreshQuery, vars: map[string]any{"recover": true}, refresh: b.cookie}); err != nil || a.said() != "UNAUTHENTICATED LOGGED_OUT" {
			r.t.Errorf("a session that was logged out is answered with %s, %v", a, err)
		}
	}
	repeated := r.inspect()
	r.t.Logf("%s: %d faults in %.1fs, %d clients: %d refreshes answered, %d of them rotations; %d tries without an answer, %d told to wait; "+
		"%d rotations committed whose answer was lost, each answered again; %d logouts, all final; sessions lost: %d",
		r.t.Name(), r.hits, took.Seconds(), len(r.clients), sum.answered.Load(), sum.rotated.Load(), sum.unanswered.Load(), sum.waited.Load(),
		repeated, len(r.left), lost)
}

// inspect looks into the database, and returns how many tokens were sent more than once: the answer to a rotation was
// lost, and its session was given the same successor again.
func (r *rig) inspect() (repeated int) {
	r.t.Helper()
	driver, dsn := "sqlite3", "file:"+r.db+"?mode=ro&_busy_timeout=10000"
	if strings.HasPrefix(r.db, "postgres://") {
		driver, dsn = "pgx", r.db
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	value := func(query string) (n int) {
		if err := db.QueryRowContext(r.t.Context(), query).Scan(&n); err != nil {
			r.t.Fatalf("%s: %v", query, err)
		}
		return n
	}
	for what, query := range map[string]string{
		"live sessions without exactly one current token": `select count(*) from sessions s where ended_at is null and
			(select count(*) from refresh_tokens r where r.session_id = s.id and r.superseded_at is null) <> 1`,
		"current tokens that their session does not name": `select count(*) from sessions s
			join refresh_tokens r on r.session_id = s.id and r.superseded_at is null where s.ended_at is null and r.generation <> s.generation`,
		"sessions with a gap between generations": `select count(*) from sessions s where generation <>
			(select count(*) from refresh_tokens r where r.session_id = s.id)`,
		"sessions that ended otherwise than by a logout": `select count(*) from sessions where end_reason <> 'LOGGED_OUT'`,
	} {
		if n := value(query); n != 0 {
			r.t.Errorf("%d %s", n, what)
		}
	}
	if n := value(`select count(*) from sessions where ended_at is not null`); n != len(r.left) {
		r.t.Errorf("%d sessions have ended, want the %d that were logged out", n, len(r.left))
	}
	return value(`select count(*) from refresh_tokens n join refresh_tokens p on p.session_id = n.session_id and
		p.generation = n.generation - 1 where n.sent_at > p.superseded_at`)
}
