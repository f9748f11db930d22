package simulation

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func workers() int { return runtime.GOMAXPROCS(0) }

// histories is how many histories a test plays.
func histories(n int) int {
	switch {
	case soak:
		return n * 20
	case raceEnabled:
		return max(10, n/10)
	}
	return n
}

// honest plans a history without thieves, inside the bound.
func honest(_ uint64, d *dice) plan {
	p := plan{processes: 1 + d.below(3), kills: d.chance(0.5)}
	p.habits = habits{acts: 5 + d.below(10), tabs: 1 + d.below(4), restless: d.float() * 0.5,
		near: d.float() * 0.3, long: d.float() * 0.5, rush: d.float() * 0.2, edge: d.float() * 0.2,
		forms: d.float() * 0.2, logins: d.chance(0.03)}
	p.net = conditions{slow: d.float() * 0.5, lost: d.float() * 0.2, cut: d.float() * 0.1, refused: d.float() * 0.05,
		held: d.float() * 0.3}
	p.noScripts = d.chance(0.1)
	switch d.below(5) {
	case 0:
		p.programs = 1
	case 1:
		p.programs, p.browsers = 1, []bool{d.chance(0.5)}
	default:
		p.browsers = []bool{d.chance(0.5)}
	}
	return p
}

// everyday plans a history of any kind inside the bound.
func everyday(seed uint64, d *dice) plan {
	switch seed % 10 {
	case 0:
		return rushing(seed, d)
	case 1:
		return edging(seed, d)
	case 2, 3:
		return crowding(seed, d)
	}
	return honest(seed, d)
}

// TestHonest plays what honest users and their machines do to each other inside the bound: nobody is logged out.
func TestHonest(t *testing.T) {
	began := time.Now()
	total := many(t, histories(1900), everyday, func(seed uint64, failures []string, history string) bool {
		report(t, "TestHonest", seed, failures, history)
		return true
	})
	t.Logf("%v; %v a history", total, time.Since(began)/time.Duration(max(1, total.histories)))
}

// TestRepeats plays histories twice: the events are the same, at the same times. (In which order several goroutines
// tell what one and the same moment brought is the scheduler's.)
func TestRepeats(t *testing.T) {
	tpl := theTemplate(t)
	for _, plan := range []func(uint64, *dice) plan{honest, crowding, stolen, outside} {
		for s := uint64(1); s <= uint64(histories(40)); s++ {
			var events [2][]string
			for i := range events {
				p := plan(s, (&world{seed: s}).random("plan"))
				p.told = true
				_, history, _ := play(t, tpl, s, p)
				events[i] = strings.Split(history, "\n")
				slices.Sort(events[i])
			}
			for i := range min(len(events[0]), len(events[1])) {
				if a, b := events[0][i], events[1][i]; a != b {
					t.Errorf("seed %d: the first time\n%s\nand the second\n%s", s, a, b)
					break
				}
			}
		}
	}
}

// report fails the test with a history.
func report(t *testing.T, test string, seed uint64, failures []string, history string) {
	t.Helper()
	t.Errorf("seed %d:\n%s\n%s\nagain: go test ./server/internal/simulation -run '%s' -seed %d -v",
		seed, history, strings.Join(failures, "\n"), test, seed)
}

// outside plans a history beyond the bound: answers and requests that are minutes late, and answers that a sleeping
// machine finds when it wakes.
func outside(seed uint64, d *dice) plan {
	p := honest(seed, d)
	p.habits.logins = false
	p.net.outside = 0.02 + d.float()*0.2
	return p
}

// TestOutside counts what it costs to leave the bound. It asserts nothing of that, but all else holds.
func TestOutside(t *testing.T) {
	total := many(t, histories(300), outside, func(seed uint64, failures []string, history string) bool {
		for _, f := range failures {
			if !strings.Contains(f, "an honest user is logged out") {
				report(t, "TestOutside", seed, []string{f}, history)
				return true
			}
		}
		return false
	})
	t.Log(total)
}
