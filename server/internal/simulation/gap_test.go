package simulation

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestGaps loses an answer, and has the next try come so much later: on a page after the browser was closed, in its
// client after the machine has slept, and in a program that was ended and started again.
func TestGaps(t *testing.T) {
	tpl := theTemplate(t)
	ways := []struct {
		name   string
		mutant mutant // with which no gap longer than the grace is survived
		play   func(*stage, time.Duration)
	}{
		{"page", withoutRecovery, func(s *stage, gap time.Duration) {
			s.visit(lost)
			time.Sleep(time.Second)
			s.quit()
			time.Sleep(gap - time.Second)
			s.prove()
		}},
		{"sleep", withoutW1, func(s *stage, gap time.Duration) {
			a := s.visit(quick)
			time.Sleep(time.Minute)
			s.plans(string(refresh), lost)
			s.timer(a, time.Second)
			s.sleep()
			time.Sleep(gap - time.Second)
			s.plans(string(refresh), quick)
			s.wake()
			time.Sleep(time.Minute)
			s.use(a)
			s.prove()
		}},
		{"program", withoutW1, func(s *stage, gap time.Duration) {
			one := s.newProgram(1)
			one.planned = s.planned
			s.plans(string(refresh), lost)
			one.begin()
			time.Sleep(time.Second)
			one.worker.close()
			time.Sleep(gap - time.Second)
			s.plans(string(refresh), quick)
			one.begin()
			one.prove()
		}},
	}
	for _, gap := range []time.Duration{
		time.Second + time.Millisecond, 98 * time.Second, 5*time.Minute + 26*time.Second, 17*time.Minute + 50*time.Second,
		23*time.Minute + 36*time.Second, 3*time.Hour + 18*time.Minute, 7*time.Hour + 33*time.Minute, 7*time.Hour + 52*time.Minute,
	} {
		for _, way := range ways {
			t.Run(fmt.Sprintf("%s, %v", way.name, gap), func(t *testing.T) {
				play := func(s *stage) { way.play(s, gap) }
				if failures, history := perform(t, tpl, mutant{}, true, play); len(failures) > 0 {
					t.Errorf("%s\n%s", history, strings.Join(failures, "\n"))
				}
				if failures, _ := perform(t, tpl, way.mutant, true, play); gap > grace && len(failures) == 0 {
					t.Errorf("holds without %q", way.mutant.rule)
				}
			})
		}
	}
}
