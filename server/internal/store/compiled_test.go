package store_test

import (
	"strings"
	"testing"
)

// A rotation's statements are compiled once: to plan one anew costs more than to run it, and SQLite does so at every
// execution where it believes that an argument's value might change the plan.
func TestRotationsAreCompiledOnce(t *testing.T) {
	s := openFile(t)
	callers := []func() error{presenting(s, benchAccount(t, s)), presenting(s, benchAccount(t, s))}
	if n := s.Compiled(func() {
		for _, rotate := range callers {
			if err := rotate(); err != nil {
				t.Fatal(err)
			}
		}
	}); n != 0 {
		t.Errorf("a second time, statements are compiled again: %d accesses are checked", n)
	}
}

// A rotation looks up the rows that it needs, and reads no table from end to end.
func TestRotationsScanNothing(t *testing.T) {
	s := openFile(t)
	for _, rotate := range []func() error{presenting(s, benchAccount(t, s)), aging(s, benchAccount(t, s), 1)} {
		if err := rotate(); err != nil {
			t.Fatal(err)
		}
	}
	found := 0
	for query, steps := range s.Plans(t) {
		for _, step := range steps {
			if strings.HasPrefix(step, "SEARCH ") {
				found++
			}
			if strings.HasPrefix(step, "SCAN ") {
				t.Errorf("%s: %s", step, query)
			}
		}
	}
	if found == 0 {
		t.Error("no rows are looked up at all")
	}
}
