package simulation

import (
	"database/sql"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/store"
)

// world is one history: a database, server processes, devices, and who watches them.
type world struct {
	t        *testing.T
	seed     uint64
	template *template
	mutant   mutant
	net      conditions
	began    time.Time
	watch    *watch
	store    *store.Store
	procs    []*process
	devices  []*device
	running  sync.WaitGroup // requests on their way, tabs that load, and whoever else is to end with the history
	path     string

	mu       sync.Mutex // guards what follows
	calm     bool       // the network has become a good one
	events   []event
	failures []string
	tally    tally
}

// tally counts what happened.
type tally struct {
	histories, requests, refreshes, lost, undecided, thefts, recoveries, killed, loggedOut int
}

func (a *tally) add(b tally) {
	a.histories += b.histories
	a.requests += b.requests
	a.refreshes += b.refreshes
	a.lost += b.lost
	a.undecided += b.undecided
	a.thefts += b.thefts
	a.recoveries += b.recoveries
	a.killed += b.killed
	a.loggedOut += b.loggedOut
}

func (a tally) String() string {
	return fmt.Sprintf("%d histories, %d requests, %d refreshes, %d lost answers, %d undecided pages, %d thefts caught, %d recoveries, %d processes killed, %d histories with a user logged out",
		a.histories, a.requests, a.refreshes, a.lost, a.undecided, a.thefts, a.recoveries, a.killed, a.loggedOut)
}

// event is a line of the history, written out only where it is needed.
type event struct {
	at     time.Duration
	who    string
	format string
	args   []any
}

const maxEvents = 20000

// newWorld opens a copy of the template. Call it in a bubble.
func newWorld(t *testing.T, tpl *template, seed uint64) *world {
	w := &world{t: t, seed: seed, template: tpl, began: time.Now()}
	f, err := os.CreateTemp(scratch, "history-*.db")
	must(t, err)
	w.path = f.Name()
	_, err = f.Write(tpl.file)
	must(t, err)
	must(t, f.Close())
	w.store, err = store.Open(t.Context(), w.path, nil)
	must(t, err)
	look, err := sql.Open("sqlite3", "file:"+w.path+"?mode=ro&_busy_timeout=5000")
	must(t, err)
	look.SetMaxOpenConns(1)
	w.watch = newWatch(w, look)
	return w
}

// close ends everything and removes the database.
func (w *world) close() {
	for _, d := range w.devices {
		d.wake()
	}
	w.running.Wait()
	for _, p := range w.procs {
		p.stop()
	}
	must(w.t, w.watch.close())
	must(w.t, w.store.Close())
	files, err := filepath.Glob(w.path + "*")
	must(w.t, err)
	for _, f := range files {
		must(w.t, os.Remove(f))
	}
}

// random is the stream of random numbers of one actor.
func (w *world) random(who string) *dice {
	h := fnv.New64a()
	h.Write([]byte(who))
	return &dice{r: rand.New(rand.NewPCG(w.seed, h.Sum64()))}
}

// note writes an event down.
func (w *world) note(who, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) < maxEvents {
		w.events = append(w.events, event{time.Since(w.began), who, format, args})
	}
}

// fail writes down that something does not hold that should.
func (w *world) fail(who, format string, args ...any) {
	w.note(who, "BROKEN: "+format, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, fmt.Sprintf("%.9f s, %s: ", time.Since(w.began).Seconds(), who)+fmt.Sprintf(format, args...))
}

// ok writes an error down that nothing in a history explains.
func (w *world) ok(err error) bool {
	if err != nil {
		w.fail("simulation", "%v", err)
	}
	return err == nil
}

func (w *world) broken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failures
}

func (w *world) count(n func(*tally)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n(&w.tally)
}

// history writes the events out.
func (w *world) history() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, e := range w.events {
		fmt.Fprintf(&b, "%16.9f s  %-18s %s\n", e.at.Seconds(), e.who, fmt.Sprintf(e.format, e.args...))
	}
	return b.String()
}

// dice is a stream of random numbers that several goroutines of one actor may use.
type dice struct {
	mu sync.Mutex // guards r
	r  *rand.Rand
}

// float returns a number in [0, 1).
func (d *dice) float() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.Float64()
}

// chance is true with probability p.
func (d *dice) chance(p float64) bool { return d.float() < p }

// below returns one of 0 ... n-1.
func (d *dice) below(n int) int { return int(d.float() * float64(n)) }

// between returns a duration, each of the range as likely as the others.
func (d *dice) between(from, to time.Duration) time.Duration {
	return from + time.Duration(d.float()*float64(to-from))
}

// scaled returns a duration, each order of magnitude of the range as likely as the others.
func (d *dice) scaled(from, to time.Duration) time.Duration {
	return time.Duration(float64(from) * math.Pow(float64(to)/float64(from), d.float()))
}
