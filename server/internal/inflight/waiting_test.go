package inflight_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/inflight"
)

// whoYields are plays of requests by name: "a1+" admits request a1 of network a, "a1~" has it wait, "a1!" resume, "a1-"
// end, and "a1=30" charges 30 bytes to it.
var whoYields = []struct{ name, play, refused, yielded string }{
	{"a full network without waiting requests", "a1+ a2+ a3+ a4+", "a4+", ""},
	{"the longest waiting yields", "a1+ a2+ a3+ a2~ a1~ a4+", "", "a2"},
	{"waiting anew goes to the end", "a1+ a2+ a3+ a1~ a2~ a1~ a4+", "", "a2"},
	{"a resumed request does not yield", "a1+ a2+ a3+ a1~ a2~ a1! a4+", "", "a2"},
	{"a released one neither", "a1+ a2+ a3+ a1~ a2~ a1- a4+ a5+", "", "a2"},
	{"one after the other", "a1+ a2+ a3+ a1~ a2~ a4+ a5+ a6+", "a6+", "a1 a2"},
	{"a neighbour does not yield", "a1+ a2+ a3+ b1+ b1~ a4+", "a4+", ""},
	{"all are full: of the network that holds most", "b1+ b1~ c1+ c1~ c2+ c2~ a1+ a2+ a3+ d1+ a2~ d2+", "", "c1 a2"},
	{"all are full: not of one that holds less", "b1+ b1~ c1+ c1~ a1+ a2+ d1+ d2+ a3+", "a3+", ""},
	{"all are full: of none that waits", "b1+ c1+ a1+ a2+ d1+ d2+ e1+", "e1+", ""},
	{"a trusted proxy is bounded by all alone", "1+ 2+ 3+ 4+ 5+ 6+ 7+", "7+", ""},
	{"a trusted proxy's idle ones yield last", "1+ 1~ 2+ 2~ a1+ a1~ a2+ a2~ b1+ b2+ c1+ c2+ d1+", "", "a1 a2 1"},
	{"memory: the longest waiting that holds some", "a1+ a2+ a3+ a1~ a2=50 a2~ a3=60", "", "a2"},
	{"memory: none waits", "a1+ a2+ a1=50 a2=60 a2=50", "a2=60", ""},
	{"memory: not the one that asks", "a1+ a1=50 a1~ a1=60", "a1=60", ""},
	{"memory of all: of the network that holds most", "a1+ a1=90 a1~ b1+ b1=80 b1~ c1+ c1=60", "", "a1"},
	{"memory of all: each has a share", "a1+ a1=100 b1+ b1=100 c1+ c1=66 c1=1", "c1=1", ""},
	{"a /56 has twice as much", "1:1+ 1:2+ 1:3+ 2:1+ 2:2+ 2:3+ 3:1+", "3:1+", ""},
}

func TestWhoYields(t *testing.T) {
	limits := inflight.Limits{Requests: 3, Bytes: 100, AllRequests: 6, AllBytes: 200}
	for _, row := range whoYields {
		t.Run(row.name, func(t *testing.T) {
			l := inflight.New(limits)
			charges := map[string]*inflight.Charge{}
			var refused, yielded []string
			for step := range strings.FieldsSeq(row.play) {
				at := strings.IndexAny(step, "+~!-=")
				who, do := step[:at], step[at]
				ok := true
				switch do {
				case '+':
					charges[who], ok = l.Admit(networkOf(who))
				case '~':
					charges[who].Await(func() { yielded = append(yielded, who) })
				case '!':
					ok = charges[who].Resume()
				case '-':
					charges[who].Release()
				case '=':
					var n int
					_, _ = fmt.Sscan(step[at+1:], &n)
					ok = charges[who].Add(n)
				}
				if !ok {
					refused = append(refused, step)
				}
			}
			if got := strings.Join(refused, " "); got != row.refused {
				t.Errorf("refused: %q, want %q", got, row.refused)
			}
			if got := strings.Join(yielded, " "); got != row.yielded {
				t.Errorf("yielded: %q, want %q", got, row.yielded)
			}
			for _, who := range yielded {
				if charges[who].Add(1) || charges[who].Resume() {
					t.Errorf("%s goes on after it has yielded", who)
				}
			}
			for _, c := range charges {
				c.Release()
			}
			if n := inflight.Accounts(l); n != 0 {
				t.Errorf("%d accounts are left", n)
			}
		})
	}
}

// networkOf returns the network of "a1", none of "1", and a /64 of "1:1".
func networkOf(who string) string {
	if n, _, ok := strings.Cut(who, ":"); ok {
		return "2001:db8:0:" + n + "::/64"
	}
	return strings.TrimRight(who, "0123456789")
}

// A network of IPv6 is bounded with the wider networks around it.
func TestWiderNetworks(t *testing.T) {
	l := inflight.New(inflight.Limits{Requests: 3, AllRequests: 1000})
	admitted := func(format string, many int) (n int) {
		for i := range many {
			network := format
			if strings.Contains(format, "%") {
				network = fmt.Sprintf(format, i)
			}
			if _, ok := l.Admit(network); ok {
				n++
			}
		}
		return n
	}
	got := []int{
		admitted("2001:db8:0:%x::/64", 200),        // of one /56
		admitted("2001:db8:0:1%02x::/64", 200),     // of the next /56
		admitted("2001:db8:0:2%02x::/64", 200),     // the /48 is full
		admitted("2001:db8:1:%x::/64", 200),        // of another /48
		admitted("192.0.2.%d", 200),                // addresses of IPv4 are apart
		admitted("2001:db8:2:0::/64", 10),          // of one /64
		admitted("not an address of any kind", 10), // a limit of its own
	}
	if want := []int{6, 6, 0, 6, 200, 3, 3}; !slices.Equal(got, want) {
		t.Errorf("admitted %v, want %v", got, want)
	}
}

// A request that moves is not cut off for one that comes.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := inflight.New(inflight.Limits{Requests: 2, Patience: time.Second})
		gaveWay := ""
		for _, who := range []string{"first", "second"} {
			c, _ := l.Admit("a")
			c.Await(func() { gaveWay += who })
			time.Sleep(400 * time.Millisecond)
		}
		for at, want := range []string{"", "first", "first", "firstsecond"} {
			_, ok := l.Admit("a")
			if gaveWay != want || ok != (at%2 == 1) {
				t.Errorf("after %d ms %q gave way, admitted: %v", 800+200*at, gaveWay, ok)
			}
			time.Sleep(200 * time.Millisecond)
		}
	})
}

// A network whose only request gives way has one account still.
func TestTheOnlyRequestGivesWay(t *testing.T) {
	l := inflight.New(inflight.Limits{Requests: 1})
	first, _ := l.Admit("a")
	first.Await(func() {})
	second, ok := l.Admit("a")
	if _, more := l.Admit("a"); !ok || more {
		t.Errorf("the second is admitted: %v, and one more beside it: %v", ok, more)
	}
	second.Release()
	first.Release()
	if n, _ := l.Held(""); n != 0 || inflight.Accounts(l) != 0 {
		t.Errorf("%d requests are left", n)
	}
}
