package faulttest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/latchkey/server/internal/graph"
)

// What holds while a server is flooded, on two processors.
const (
	delayLimit   = 2 * time.Second // of what everybody else asks
	memoryLimit  = 600             // MiB
	nobodysToken = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

// flood is what many clients send at once, each as soon as the last was answered.
type flood struct {
	name string
	many int // clients at once
	send func(r *rig, user, address int) (answer, error)
	may  []string // what it may be answered with: the status, and what it says
}

var floods = []flood{
	{"logins", 200, func(r *rig, user, address int) (answer, error) {
		return r.from(address, loginQuery, credentials(fmt.Sprintf("user%d@example.com", user)), nil)
	}, []string{"200", "200 RATE_LIMITED"}},
	{"failing logins", 200, func(r *rig, _, address int) (answer, error) {
		return r.from(address, loginQuery, map[string]any{"email": "eve@example.com", "password": "wrong password"}, nil)
	}, []string{"200 UNAUTHENTICATED INVALID_CREDENTIALS", "200 RATE_LIMITED"}},
	{"sign-ups", 200, func(r *rig, _, address int) (answer, error) {
		return r.from(address, signUpQuery, credentials("user0@example.com"), nil)
	}, []string{"200 EMAIL_TAKEN", "200 RATE_LIMITED"}},
	{"unknown refresh tokens", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, refreshQuery, nil, map[string]string{"Cookie": graph.CookieName + "=" + nobodysToken})
	}, []string{"200 UNAUTHENTICATED UNKNOWN_TOKEN"}},
	{"forged access tokens", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, meQuery, nil, map[string]string{"Authorization": "Bearer " + strings.Repeat("eyJhbGciOiJFZERTQSJ9.", 2) + "x"})
	}, []string{"401 UNAUTHENTICATED UNKNOWN_TOKEN"}},
	{"queries over the limits", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, "{"+strings.Repeat(" me { id }", 2000)+"}", nil, nil)
	}, []string{"422 BAD_USER_INPUT"}},
	{"bodies over the limit", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, strings.Repeat(" ", 1<<20), nil, nil)
	}, []string{"413 BAD_USER_INPUT", "429 RATE_LIMITED"}},
	{"requests of another site", 50, func(r *rig, _, address int) (answer, error) {
		return r.from(address, refreshQuery, nil, map[string]string{"Origin": "https://evil.example"})
	}, []string{"403 FORBIDDEN"}},
}

// from sends a request as the proxy in front does, of a client with the address.
func (r *rig) from(address int, query string, vars map[string]any, header map[string]string) (answer, error) {
	if header == nil {
		header = map[string]string{}
	}
	header["X-Forwarded-For"] = fmt.Sprintf("198.51.100.%d", address)
	return r.send(0, ask{query: query, vars: vars, header: header})
}

// TestFloods has many clients of many addresses flood a server, as people run it, while somebody else does what everybody
// does. All get an answer, and that one without a long wait; the memory stays in bounds. A plain run floods with logins
// and silent bodies alone, and beside other tests, which take the processors too: there, half of the answers have to come
// in time.
func TestFloods(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			r := &rig{t: t, transport: &http.Transport{MaxIdleConnsPerHost: 512}}
			t.Cleanup(r.transport.CloseIdleConnections)
			p := &process{t: t, db: engine.database(t), troubled: &r.troubled, built: &plain, args: []string{"--trusted-proxies=127.0.0.1", fmt.Sprint("--connections=", mostConnections)}}
			r.servers = []*process{p}
			t.Cleanup(p.remove)
			p.start()
			for i := range 11 {
				if a, err := r.from(200+i, signUpQuery, credentials(fmt.Sprintf("user%d@example.com", i)), nil); err != nil || a.said() != "" {
					t.Fatalf("sign up: %s, %v", a, err)
				}
			}
			for _, f := range slices.Concat(floods[:either(1, len(floods))], connectionFloods[:either(1, len(connectionFloods))]) {
				r.flood(f)
			}
			if !soak {
				return
			}
			if err := r.write(100); err != nil {
				t.Fatal(err)
			}
			for _, f := range hostileFloods {
				r.flood(f)
			}
		})
	}
}

func (r *rig) flood(f flood) {
	r.t.Helper()
	honest := &browser{rig: r, kind: "honest", user: "user10@example.com"} // no flood is of this account
	if err := honest.enter(); err != nil {
		r.t.Fatal(f.name, err)
	}
	var (
		all  sync.WaitGroup
		mu   sync.Mutex // guards said
		said = map[string]int{}
		done atomic.Bool
	)
	for i := range f.many {
		all.Go(func() {
			for n := i; !done.Load(); n++ {
				a, err := f.send(r, n%10, n%100)
				what := strings.TrimSpace(fmt.Sprint(a.status, " ", a.said()))
				if err != nil {
					what = "no answer"
					r.t.Errorf("%s: %v", f.name, err)
					done.Store(true)
				}
				mu.Lock()
				said[what]++
				mu.Unlock()
			}
		})
	}
	var queries, refreshes []time.Duration
	for end := time.Now().Add(time.Duration(either(2, 20)) * time.Second); (time.Now().Before(end) || len(queries) < 5) && !done.Load(); {
		began := time.Now()
		if a, err := r.send(0, ask{query: meQuery, bearer: honest.access}); err != nil || a.data.Me.Email != honest.user {
			r.t.Errorf("%s: a query is answered with %s, %v", f.name, a, err)
		}
		asked := time.Now()
		if err := honest.alive(); err != nil {
			r.t.Error(f.name, err)
		}
		queries, refreshes = append(queries, asked.Sub(began)), append(refreshes, time.Since(asked))
	}
	done.Store(true)
	all.Wait()
	for what := range said {
		if !slices.Contains(f.may, what) {
			r.t.Errorf("%s: answered with %q", f.name, what)
		}
	}
	mib, known := peakMemory(r.servers[0].running.cmd.Process.Pid)
	if known && mib > memoryLimit {
		r.t.Errorf("%s: %d MiB in memory", f.name, mib)
	}
	r.t.Logf("%s, %s: %v; meanwhile a query %s, a refresh %s; %d MiB in memory at most", r.t.Name(), f.name, said, spread(queries), spread(refreshes), mib)
	for _, d := range [][]time.Duration{queries, refreshes} {
		if waited := d[either(len(d)/2, len(d)-1)]; waited > delayLimit {
			r.t.Errorf("%s: somebody waited for %s", f.name, waited)
		}
	}
}

// spread tells of durations, which it sorts.
func spread(d []time.Duration) string {
	slices.Sort(d)
	return fmt.Sprintf("%s in the middle and %s at most", d[len(d)/2].Round(100*time.Microsecond), d[len(d)-1].Round(100*time.Microsecond))
}
