package inflight_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/inflight"
)

func TestLedger(t *testing.T) {
	l := inflight.New(inflight.Limits{Requests: 2, Bytes: 100})
	first, ok := l.Admit("a")
	if !ok || !first.Add(60) {
		t.Fatal("the first request is refused")
	}
	second, ok := l.Admit("a")
	if !ok {
		t.Fatal("the second request is refused")
	}
	if _, ok := l.Admit("a"); ok {
		t.Error("a third request is admitted")
	}
	if second.Add(41) {
		t.Error("more bytes than the limit")
	}
	if !second.Add(40) {
		t.Error("a refused charge was charged")
	}
	if neighbour, ok := l.Admit("b"); !ok || !neighbour.Add(100) {
		t.Error("another network pays for this one")
	}
	if !first.Add(-10) || !second.Add(10) || second.Add(1) {
		t.Error("returned bytes are not there for the next")
	}
	if !first.Add(-1000) || !second.Add(50) || second.Add(1) {
		t.Error("a request returned more bytes than it held")
	}
	second.Release()
	second.Release()
	if second.Add(1) {
		t.Error("a released charge takes bytes")
	}
	third, ok := l.Admit("a")
	if !ok || !third.Add(100) || third.Add(1) {
		t.Error("what a request held is not there for the next")
	}
	if _, ok := l.Admit("a"); ok {
		t.Error("a second release made room for one more")
	}
}

func TestNilCharge(t *testing.T) {
	c := inflight.FromContext(context.Background())
	if c != nil || !c.Add(1<<40) {
		t.Error("a context without a charge has bounds")
	}
	c.Release()
	l := inflight.New(inflight.Limits{})
	own, _ := l.Admit("a")
	if got := inflight.FromContext(inflight.NewContext(context.Background(), own)); got != own {
		t.Error("the context lost its charge")
	}
}

// The ledger forgets networks without requests, and its sums hold whatever happens at once.
func TestLedgerConcurrently(t *testing.T) {
	l := inflight.New(inflight.Limits{Requests: 4, Bytes: 400, AllRequests: 12, AllBytes: 1000})
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range 300 {
				c, ok := l.Admit([]string{"", "192.0.2.1", "192.0.2.2", "2001:db8::/64", "2001:db8:0:1::/64", "2001:db8:0:100::/64"}[random.IntN(6)])
				if !ok {
					continue
				}
				for range random.IntN(4) {
					c.Add(random.IntN(300) - 100)
					c.Await(func() { c.Resume() })
					if random.IntN(2) == 0 {
						c.Resume()
					}
				}
				if requests, bytes := l.Held(""); requests > 12 || bytes > 2000 {
					t.Errorf("%d requests hold %d bytes", requests, bytes)
				}
				c.Release()
			}
		})
	}
	all.Wait()
	if requests, bytes := l.Held(""); requests != 0 || bytes != 0 || inflight.Accounts(l) != 0 {
		t.Errorf("%d requests with %d bytes are left, of %d networks", requests, bytes, inflight.Accounts(l))
	}
}
