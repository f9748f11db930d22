package inflight_test

import (
	"context"
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

// The ledger forgets networks without requests, and its sums hold when requests begin and end at once.
func TestLedgerConcurrently(t *testing.T) {
	l := inflight.New(inflight.Limits{Requests: 8, Bytes: 800})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 200 {
				c, ok := l.Admit("a")
				if !ok {
					continue
				}
				c.Add(100)
				c.Add(-50)
				c.Release()
			}
		})
	}
	all.Wait()
	if n := inflight.Accounts(l); n != 0 {
		t.Errorf("%d accounts are left", n)
	}
	c, ok := l.Admit("a")
	if !ok || !c.Add(800) || c.Add(1) {
		t.Error("the sums are wrong")
	}
}
