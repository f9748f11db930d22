package store_test

import "testing"

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
