package faulttest_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
	"example.com/latchkey/server/internal/pgtest"
)

// TestAServerKilled kills the one server with signal 9 and starts it again on the same database.
func TestAServerKilled(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			rounds := either(2, 30)
			r := newRig(t, engine.database(t), 1, rounds)
			r.load(rounds, func(int) {
				r.servers[0].kill()
				r.servers[0].start()
			})
		})
	}
}

// TestServersKilledInTurns has two servers on one database: while one is killed and started again the other answers.
func TestServersKilledInTurns(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			rounds := either(2, 30)
			r := newRig(t, engine.database(t), 2, rounds)
			r.load(rounds, func(round int) {
				victim := r.servers[round%2]
				victim.kill()
				r.allGet(3, "refreshed at the other", answered)
				victim.start()
			})
		})
	}
}

// TestAServerToldToEnd sends SIGTERM: what runs is answered, and the server ends with status 0.
func TestAServerToldToEnd(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			rounds := either(1, 20)
			r := newRig(t, engine.database(t), 1, rounds)
			r.load(rounds, func(int) {
				if status, took := r.servers[0].terminate(); status != 0 || took > 10*time.Second {
					t.Errorf("it ends with status %d after %v", status, took)
				}
				r.servers[0].start()
			})
			r.drains()
		})
	}
}

// drains has a request under way while the server is told to end: it is answered, though nobody else is any more.
func (r *rig) drains() {
	r.t.Helper()
	s, b := r.servers[0], r.clients[0].(*browser)
	address := s.address.Load().(string)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	body := `{"query":"mutation { refreshToken { accessToken } }"}`
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: app.example\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"Cookie: %s=%s\r\nExpect: 100-continue\r\n\r\n", len(body), graph.CookieName, b.cookie)
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		r.t.Fatalf("the server says %q, %v", line, err)
	}
	if _, err := in.ReadString('\n'); err != nil { // the empty line behind it
		r.t.Fatal(err)
	}
	s.signal(syscall.SIGTERM)
	eventually(r.t, "closed to others", func() bool {
		other, err := net.Dial("tcp", address)
		if err == nil {
			other.Close()
		}
		return err != nil
	})
	fmt.Fprint(conn, body)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if token := (answer{header: resp.Header}).cookie(); resp.StatusCode != http.StatusOK || token == "" || token == b.cookie {
		r.t.Errorf("the request under way is answered with %s", resp.Status)
	}
	<-s.running.ended
	if status := s.running.cmd.ProcessState.ExitCode(); status != 0 {
		r.t.Errorf("the server ends with status %d", status)
	}
}

// TestADatabaseThatCrashes ends PostgreSQL hard while two servers refresh as fast as they can, and starts it again: what
// cannot be answered meanwhile is told to wait, and then everybody goes on with the session that they had.
func TestADatabaseThatCrashes(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	rounds := either(2, 10)
	r := newRig(t, cluster.Database(t), 2, rounds)
	r.troubled.Store(true)
	b := &browser{rig: r, user: "user0@example.com"}
	if err := b.enter(); err != nil {
		t.Fatal(err)
	}
	r.load(rounds, func(round int) {
		if round%2 == 0 {
			cluster.Kill(t)
		} else {
			cluster.Crash(t)
		}
		var asking sync.WaitGroup
		if round == 0 {
			asking.Go(func() { r.pageWithoutDatabase(b) })
		}
		r.allGet(1, "told to wait", waited)
		for place := range r.servers {
			r.withoutDatabase(place, b)
		}
		asking.Wait()
		cluster.Restart(t)
	})
	for place := range r.servers {
		r.wantStatus(place, "/readyz", http.StatusOK)
	}
	for _, c := range r.clients {
		if n := c.counted().unanswered.Load(); n > 0 {
			t.Errorf("%d requests were not answered at all", n)
		}
	}
}

// withoutDatabase asks a server whose database is away for more than a refresh.
func (r *rig) withoutDatabase(place int, b *browser) {
	r.t.Helper()
	for name, a := range map[string]ask{
		"a query":  {query: `{ posts { id } }`, bearer: b.access},
		"a change": {query: publishQuery, bearer: b.access},
		"a login":  {query: loginQuery, vars: credentials(b.user)},
		"a logout": {query: logoutQuery, refresh: b.cookie},
	} {
		if got, err := r.send(place, a); err != nil || !got.unavailable() {
			r.t.Errorf("%s is answered with %s, %v", name, got, err)
		}
	}
	r.wantStatus(place, "/readyz", http.StatusServiceUnavailable)
	r.wantStatus(place, "/healthz", http.StatusOK)
}

func (r *rig) wantStatus(place int, path string, want int) {
	r.t.Helper()
	if a := r.get(place, path, ""); a.status != want {
		r.t.Errorf("%s: %s", path, a)
	}
}

// get asks for a page, with the cookie where there is one.
func (r *rig) get(place int, path, cookie string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, origin+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if cookie != "" {
		req.Header.Set("Cookie", graph.CookieName+"="+cookie)
	}
	a, err := r.do(place, req)
	if err != nil {
		r.t.Error(err)
	}
	return a
}

// pageWithoutDatabase takes a while: a page waits for the database to come back as long as people do for a page.
func (r *rig) pageWithoutDatabase(b *browser) {
	r.t.Helper()
	a := r.get(0, "/posts", b.cookie)
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "2" || len(a.header.Values("Set-Cookie")) > 0 ||
		!strings.Contains(a.body, "The server does not answer") || strings.Contains(strings.ToLower(a.body), "database") {
		r.t.Errorf("a page: %v %s", a.header, a)
	}
}
