package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/wasm/hub"
)

// offline has every refresh fail from now on, for so long that the next try is up to half a minute away, and returns
// what mends it.
func (w *world) offline() (online func()) {
	w.api.Refuse("refreshToken", screentest.Problem{Code: "INTERNAL_SERVER_ERROR"})
	time.Sleep(10 * time.Minute)
	if w.session.State().Err == nil {
		w.Fatal("the refresh does not fail")
	}
	return func() { w.api.Refuse("refreshToken", screentest.Problem{}) }
}

// A page that comes to be seen, or that learns of the network, ends the wait for the next try.
func TestWakeEndsTheWait(t *testing.T) {
	for _, row := range []struct {
		name   string
		before time.Duration // between a wake in vain and the network's coming back; 0: there was none
		within time.Duration
	}{
		{"at once", 0, 250 * time.Millisecond},
		{"soon after one in vain", 4 * time.Second, 1250 * time.Millisecond},
		{"long after one in vain", time.Hour, 250 * time.Millisecond},
	} {
		t.Run(row.name, func(t *testing.T) {
			for range 8 { // backoffs are random
				bubble(t, func(w *world) {
					tb := w.enter("/posts")
					online := w.offline()
					if row.before > 0 {
						tb.page.Wake()
						time.Sleep(row.before)
					}
					online()
					tb.page.Wake()
					time.Sleep(row.within)
					synctest.Wait()
					if err := w.session.State().Err; err != nil {
						w.Errorf("%v later: %v", row.within, err)
					}
				})
			}
		})
	}
}

// However often pages say that they woke, the server is not asked the more: all that a flood gains is that the backoff
// begins anew every five seconds.
func TestFloodOfWakes(t *testing.T) {
	bubble(t, func(w *world) {
		tb, other, mute := w.enter("/posts"), w.open("/account", "active", "ann"), w.connect()
		w.offline()
		before := w.refreshes()
		for range 60 * 100 { // a minute
			for _, flooding := range []*tab{tb, other, mute} {
				flooding.page.Wake()
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := w.refreshes() - before; n < 12 || n > 120 {
			w.Errorf("%d tries in a minute of a flood", n)
		}
		tb.nothing("nothing has changed")
	})
}

// Where nothing is due a wake asks nobody, and before its hello a page says nothing.
func TestWakeForNothing(t *testing.T) {
	bubble(t, func(w *world) {
		w.enter("/posts").page.Wake()
		w.open("/posts", "active", "ann").page.Wake()
		time.Sleep(time.Minute)
		if n := w.refreshes(); n != 1 {
			w.Errorf("%d refreshes, want the first alone", n)
		}
		online := w.offline()
		for time.Until(w.session.State().NextRefresh) < time.Second {
			time.Sleep(100 * time.Millisecond)
		}
		online()
		w.connect().page.Wake()
		time.Sleep(500 * time.Millisecond)
		if w.session.State().Err == nil {
			w.Error("a page that never said hello was heard")
		}
	})
}

func TestSleepIsNoticed(t *testing.T) {
	last := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, row := range []struct {
		name string
		late time.Duration // between two ticks
		want bool
	}{
		{"in time", time.Second, false},
		{"a busy machine", 5 * time.Second, false},
		{"a moment's sleep", 7 * time.Second, true},
		{"a night's", 9 * time.Hour, true},
		{"the clock was set back", -time.Hour, false},
	} {
		if got := hub.Slept(last, last.Add(row.late)); got != row.want {
			t.Errorf("%s: %t, want %t", row.name, got, row.want)
		}
	}
}
