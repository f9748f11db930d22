package simulation

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// plan is what a history is made of.
type plan struct {
	processes int
	browsers  []bool // each with whether it has a SharedWorker
	noScripts bool   // in any of them
	programs  int
	habits    habits
	net       conditions
	kills     bool
	thief     *manners // nil: none
	mutant    mutant
	told      bool // the events are wanted whatever happens
}

// play runs the history of a seed, and returns what did not hold, with the events.
func play(t *testing.T, tpl *template, seed uint64, p plan) (failures []string, history string, done tally) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, tpl, seed)
		w.mutant, w.net = p.mutant, p.net
		w.staff(p.processes)
		w.run(p)
		w.tally.histories = 1
		w.tally.recoveries = w.watch.recoveries()
		w.close()
		failures, done = w.failures, w.tally
		if len(failures) > 0 {
			done.loggedOut = 1
		}
		if len(failures) > 0 || p.told {
			history = w.history()
		}
	})
	return failures, history, done
}

// staff starts n processes.
func (w *world) staff(n int) {
	for i := range n {
		p := &process{w: w, name: fmt.Sprintf("process %d", i+1)}
		w.procs = append(w.procs, p)
		p.start()
	}
}

// run has everybody live, lets things settle, and has the users show that they are logged in.
func (w *world) run(p plan) {
	var (
		users    sync.WaitGroup
		browsers []*browser
		programs []*program
	)
	for i, shared := range p.browsers {
		b := w.newBrowser(i, shared)
		b.scriptless = p.noScripts
		browsers = append(browsers, b)
		users.Go(func() { b.live(p.habits) })
	}
	for i := range p.programs {
		one := w.newProgram(len(p.browsers) + i)
		programs = append(programs, one)
		users.Go(func() { one.live(p.habits) })
	}
	stop := make(chan struct{})
	var others sync.WaitGroup
	if p.kills {
		others.Go(func() { w.operate(stop) })
	}
	if p.thief != nil {
		one := w.newThief(browsers[0].device)
		others.Go(func() { one.live(*p.thief, stop) })
	}
	users.Wait()
	close(stop)
	others.Wait()
	time.Sleep(time.Millisecond) // what a user did last is still done on the old network
	w.settle()
	for _, d := range w.devices {
		d.wake()
	}
	time.Sleep(2*grace + time.Second) // what was on its way has come
	for _, b := range browsers {
		users.Go(b.prove)
	}
	time.Sleep(time.Second)
	for _, one := range programs {
		users.Go(one.prove)
	}
	users.Wait()
	for _, b := range browsers {
		b.quit()
	}
}

// operate kills processes and starts others in their places, until stop.
func (w *world) operate(stop <-chan struct{}) {
	d := w.random("operator")
	for {
		select {
		case <-stop:
			return
		case <-time.After(d.scaled(5*time.Second, 2*time.Hour)):
		}
		p := w.procs[d.below(len(w.procs))]
		p.kill()
		time.Sleep(d.scaled(10*time.Millisecond, time.Minute))
		p.start()
	}
}

// many plays histories, on all processors, until there are n or found says that it is enough; or that of the flag -seed
// alone.
func many(t *testing.T, n int, make func(seed uint64, d *dice) plan, found func(seed uint64, failures []string, history string) bool) tally {
	t.Helper()
	tpl := theTemplate(t)
	again := *seed != 0
	var (
		next  atomic.Uint64
		over  atomic.Bool
		mu    sync.Mutex
		total tally
	)
	one := func(seed uint64) {
		p := make(seed, (&world{seed: seed}).random("plan"))
		p.told = again
		failures, history, done := play(t, tpl, seed, p)
		mu.Lock()
		defer mu.Unlock()
		total.add(done)
		if again && len(failures) == 0 {
			t.Logf("seed %d:\n%s", seed, history)
		}
		if len(failures) > 0 && !over.Load() && found(seed, failures, history) {
			over.Store(true)
		}
	}
	if again {
		one(*seed)
		return total
	}
	var running sync.WaitGroup
	for range workers() {
		running.Go(func() {
			for s := next.Add(1); s <= uint64(n) && !over.Load(); s = next.Add(1) {
				one(s)
			}
		})
	}
	running.Wait()
	return total
}
