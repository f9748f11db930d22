package ui_test

import (
	"slices"
	"testing"
	"time"

	"example.com/latchkey/shared/ui"
)

// Whatever shows in a drawing makes it another one; what is counted elsewhere does not.
func TestDrawnAs(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(v *ui.TokenView)
		same   bool
	}{
		{"nothing", func(*ui.TokenView) {}, true},
		{"the countdown", func(v *ui.TokenView) { v.Expiry, v.Next = "3:59", "2:59" }, true},
		{"another zone", func(v *ui.TokenView) { v.Picture.Now = v.Picture.Now.In(elsewhere) }, true},
		{"running", func(v *ui.TokenView) { v.Running = false }, false},
		{"a refresh", func(v *ui.TokenView) { v.Refreshes++ }, false},
		{"a claim", func(v *ui.TokenView) { v.Claims.ID = "j4" }, false},
		{"now", func(v *ui.TokenView) { v.Picture.Now = noon.Add(time.Second) }, false},
		{"the span", func(v *ui.TokenView) { v.Picture.Span++ }, false},
		{"the plan", func(v *ui.TokenView) { v.Picture.Next = noon }, false},
		{"a failure", func(v *ui.TokenView) { v.Picture.Failing = true }, false},
		{"the grace", func(v *ui.TokenView) { v.Picture.Grace = 0 }, false},
		{"a life more", func(v *ui.TokenView) { v.Picture.Lives = append(slices.Clone(lives.Lives), ui.Life{}) }, false},
		{"a life that ended", func(v *ui.TokenView) {
			v.Picture.Lives = slices.Clone(lives.Lives)
			v.Picture.Lives[2].Until = noon
		}, false},
		{"a fault less", func(v *ui.TokenView) { v.Picture.Faults = lives.Faults[:1] }, false},
	} {
		v := running
		row.change(&v)
		if got := running.DrawnAs(v); got != row.same {
			t.Errorf("%s changed: drawn alike: %v", row.name, got)
		}
	}
}
