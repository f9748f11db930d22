package token_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

// herd is a thousand keepers that got their five-minute tokens in the same moment, and when they asked again.
type herd struct {
	keepers []*token.Keeper[string]

	mu    sync.Mutex
	down  bool
	asked []time.Time
}

func newHerd(t *testing.T) *herd {
	h := &herd{}
	for range 1000 {
		k := token.New(token.Config[string]{Fetch: h.fetch})
		h.keepers = append(h.keepers, k)
		want(t, k, "token")
	}
	h.set(func() { h.asked = nil })
	return h
}

func (h *herd) fetch(context.Context) (token.Token[string], error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down {
		return token.Token[string]{}, errFault
	}
	h.asked = append(h.asked, time.Now())
	return grant("token", 5*time.Minute), nil
}

func (h *herd) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *herd) close() {
	for _, k := range h.keepers {
		k.Close()
	}
}

// densest returns how many of the first thousand asked in the second that most did, and the time from first to last.
func (h *herd) densest() (most int, spread time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.asked) < 1000 {
		return len(h.asked), 0
	}
	first := h.asked[:1000]
	slices.SortFunc(first, time.Time.Compare)
	for from, to := 0, 0; to < len(first); to++ {
		for first[to].Sub(first[from]) >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most, first[999].Sub(first[0])
}

// Rule W6: clients that began together do not go on in step, and neither do they after an outage.
func TestManyKeepersDoNotAskInStep(t *testing.T) {
	tests := []struct {
		name   string
		outage time.Duration // from the fourth minute on
		most   int           // in one second; the mean is a thousand over the spread
		spread time.Duration
	}{
		{"timers", 0, 50, 55 * time.Second},
		{"a short outage", 90 * time.Second, 250, 20 * time.Second},
		{"a long outage", 10 * time.Minute, 130, 25 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHerd(t)
				defer h.close()
				if test.outage > 0 {
					h.set(func() { h.down = true })
					time.Sleep(3*time.Minute + test.outage)
					h.set(func() { h.down = false })
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				most, spread := h.densest()
				t.Logf("a thousand refreshes in %v, at most %d in one second", spread.Round(time.Second/10), most)
				if most > test.most || spread < test.spread {
					t.Errorf("want at most %d in one second, and %v or more from first to last", test.most, test.spread)
				}
			})
		})
	}
}
