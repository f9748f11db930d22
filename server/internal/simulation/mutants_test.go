package simulation

import (
	"slices"
	"strings"
	"testing"
)

// search bounds how many histories a mutant may survive.
const search = 2000

// TestMutants takes one rule out at a time: the simulation must find a history that breaks without it. Each has
// histories in which the users do more of what the rule is for; with the rule, TestHonest and TestThieves play the like.
func TestMutants(t *testing.T) {
	for _, row := range []struct {
		mutant mutant
		plan   func(seed uint64, d *dice) plan
		breaks string // what the failure says that it must lead to
	}{
		{withoutW1, honest, "an honest user is logged out"},
		{withoutW2, rushing, "an honest user is logged out"},
		{withoutS2, honest, "an honest user is logged out"},
		{withoutAge, edging, "an honest user is logged out"},
		{withoutP, crowding, "an honest user is logged out"},
		{withoutS5, hiding, "theft unnoticed"},
	} {
		t.Run(row.mutant.rule, func(t *testing.T) {
			found := false
			total := many(t, search, func(seed uint64, d *dice) plan {
				p := row.plan(seed, d)
				p.mutant = row.mutant
				return p
			}, func(seed uint64, failures []string, _ string) bool {
				i := slices.IndexFunc(failures, func(f string) bool { return strings.Contains(f, row.breaks) })
				if i < 0 {
					return false
				}
				found = true
				t.Logf("seed %d: %s", seed, failures[i])
				return true
			})
			if !found {
				t.Errorf("not found in %v", total)
			}
			t.Logf("after %d histories", total.histories)
		})
	}
}

// rushing plans histories of users who open tabs as their clients refresh, over a slow network.
func rushing(seed uint64, d *dice) plan {
	p := plan{processes: 1, browsers: []bool{d.chance(0.8)}}
	p.habits = habits{acts: 6, tabs: 1, rush: 0.9}
	p.net = conditions{slow: 0.7}
	return p
}

// edging plans histories of users who come back as the grace of a lost page ends.
func edging(seed uint64, d *dice) plan {
	p := plan{processes: 1, browsers: []bool{d.chance(0.8)}}
	p.habits = habits{acts: 6, tabs: 1, edge: 0.9}
	p.net = conditions{slow: 0.5}
	return p
}

// crowding plans histories of users who restore windows of many tabs, and whose requests are held back.
func crowding(_ uint64, d *dice) plan {
	p := plan{processes: 1 + d.below(3), browsers: []bool{d.chance(0.8)}, noScripts: d.chance(0.2), kills: d.chance(0.3)}
	p.habits = habits{acts: 2, tabs: 2, crowd: 0.8, forms: 0.5, restless: d.float() * 0.2, near: 0.2, long: 0.2}
	p.net = conditions{slow: d.float(), lost: d.float() * 0.1, cut: d.float() * 0.05}
	if d.chance(0.5) {
		p.net.held = d.float() * 0.4
	}
	return p
}
