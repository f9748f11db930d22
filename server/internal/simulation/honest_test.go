package simulation

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

func workers() int { return runtime.GOMAXPROCS(0) }

// histories is how many histories a test plays.
func histories(n int) int {
	switch {
	case soak:
		return n * 40
	case raceEnabled:
		return max(10, n/20)
	}
	return n
}

// honest plans a history without thieves, inside the bound.
func honest(_ uint64, d *dice) plan {
	p := plan{name: "TestHonest", processes: 1 + d.below(3), kills: d.chance(0.5)}
	p.habits = habits{acts: 5 + d.below(10), tabs: 1 + d.below(4), restless: d.float() * 0.5,
		near: d.float() * 0.3, long: d.float() * 0.5, rush: d.float() * 0.2, edge: d.float() * 0.2,
		logins: d.chance(0.03)}
	p.net = conditions{slow: d.float() * 0.5, lost: d.float() * 0.2, cut: d.float() * 0.1, refused: d.float() * 0.05}
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

func TestHonest(t *testing.T) {
	began := time.Now()
	total := many(t, histories(2000), honest, func(seed uint64, failures []string, history string) bool {
		report(t, "TestHonest", seed, failures, history)
		return true
	})
	t.Logf("%v; %v a history", total, time.Since(began)/time.Duration(max(1, total.histories)))
}

// report fails the test with a history.
func report(t *testing.T, test string, seed uint64, failures []string, history string) {
	t.Helper()
	t.Errorf("seed %d:\n%s\n%s\nagain: go test ./server/internal/simulation -run '%s' -seed %d -v",
		seed, history, strings.Join(failures, "\n"), test, seed)
}
