package auth_test

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/latchkey/server/internal/auth"
)

// arrivals adds n requests from each address, one address after the other, and returns which requests lost their places.
type arrivals struct {
	*auth.Queue
	from []string // by the number of the request
}

func (a *arrivals) come(n int, ips ...string) (lost []int) {
	for _, ip := range ips {
		for range n {
			a.from = append(a.from, ip)
			if x := a.Enter(len(a.from)-1, ip); x >= 0 {
				lost = append(lost, x)
			}
		}
	}
	return lost
}

// served returns the addresses that the next n turns go to.
func (a *arrivals) served(n int) (ips []string) {
	for range n {
		ips = append(ips, a.from[a.Next()])
	}
	return ips
}

// in64s returns addresses of n different networks of 64 bits under a prefix such as "2001:db8:0:ff".
func in64s(prefix string, n int) (ips []string) {
	for i := range n {
		ips = append(ips, fmt.Sprintf("%s%02x::1", prefix, i))
	}
	return ips
}

// TestTurnsOfAQueue has a crowd wait, and then one request of another sender: it is told after how many turns the
// latter is served.
func TestTurnsOfAQueue(t *testing.T) {
	for _, row := range []struct {
		name  string
		crowd []string
		each  int
		late  string
		turns int
	}{
		{"nobody", nil, 0, "192.0.2.1", 1},
		{"one address", []string{"198.51.100.1"}, 60, "192.0.2.1", 3},
		{"one address of IPv6", []string{"2001:db8::1"}, 60, "2001:db8:1::1", 3},
		{"two addresses", []string{"198.51.100.1", "203.0.113.1"}, 45, "192.0.2.1", 5},
		{"a /24 of IPv4", []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"}, 15, "198.51.100.1", 9},
		{"a /56", in64s("2001:db8:0:ff", 90), 1, "2001:db8:0:1::1", 5},
		{"a /48", in64s("2001:db8:0:", 90), 1, "2001:db8:1::1", 5},
		{"a /48 from many a /56", []string{"2001:db8:0:100::1", "2001:db8:0:200::1", "2001:db8:0:300::1", "2001:db8:0:400::1", "2001:db8:0:500::1"}, 18, "2001:db8:1::1", 9},
		{"the same address", []string{"192.0.2.1"}, 20, "192.0.2.1", 21},
		{"the same network of 64 bits", []string{"2001:db8::1"}, 20, "2001:db8::2", 21},
	} {
		t.Run(row.name, func(t *testing.T) {
			q := arrivals{Queue: auth.NewQueue(100)}
			q.come(row.each, row.crowd...)
			if len(row.crowd) > 0 {
				q.served(1) // a round has begun
				q.come(1, row.crowd[0])
			}
			q.come(1, row.late)
			late := len(q.from) - 1
			turns := 1
			for q.Next() != late {
				turns++
			}
			if turns > row.turns {
				t.Errorf("served after %d turns, want %d", turns, row.turns)
			}
		})
	}
}

// TestWhoLosesAPlace has a full queue, and then one request of another sender.
func TestWhoLosesAPlace(t *testing.T) {
	singles := func(n int) (ips []string) {
		for i := range n {
			ips = append(ips, fmt.Sprintf("10.%d.0.1", i))
		}
		return ips
	}
	for _, row := range []struct {
		name string
		come func(*arrivals)
		late string
		lost string
	}{
		{"one address", func(q *arrivals) { q.come(10, "198.51.100.1") }, "192.0.2.1", "198.51.100.1"},
		{"the greater crowd", func(q *arrivals) { q.come(4, "198.51.100.1"); q.come(6, "203.0.113.1") }, "192.0.2.1", "203.0.113.1"},
		{"the crowd's own", func(q *arrivals) { q.come(4, "198.51.100.1"); q.come(6, "203.0.113.1") }, "203.0.113.1", "203.0.113.1"},
		{"a /56", func(q *arrivals) { q.come(1, in64s("2001:db8:0:ff", 6)...); q.come(1, singles(4)...) }, "192.0.2.1", "2001:db8:0:ff05::1"},
		{"a /48", func(q *arrivals) { q.come(1, in64s("2001:db8:0:", 6)...); q.come(1, singles(4)...) }, "192.0.2.1", "2001:db8:0:05::1"},
		{"a flood beside a quiet neighbour", func(q *arrivals) { q.come(9, "2001:db8::1"); q.come(1, "192.0.2.1") }, "2001:db8:0:100::1", "2001:db8::1"},
		{"all alike", func(q *arrivals) { q.come(1, singles(10)...) }, "192.0.2.1", "192.0.2.1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			q := arrivals{Queue: auth.NewQueue(10)}
			row.come(&q)
			if lost := q.come(1, row.late); len(lost) != 1 || q.from[lost[0]] != row.lost {
				t.Fatalf("lost: %v", lost)
			} else if after := slices.Index(q.from[lost[0]+1:], row.lost); after >= 0 {
				t.Error("it was not the newest")
			}
		})
	}
}

// TestQueueIsFair plays any arrivals, turns and departures. While the first waiter of a wide network waits, no address
// gets more than two turns and no wide network more than eight: the rest of the round that is served, and the next round.
// Every waiter is served in the end, unless it leaves or loses its place.
func TestQueueIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 12
		q := arrivals{Queue: auth.NewQueue(most)}
		waiting := map[int]map[string]int{} // by request: the turns of others since it came
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			default:
				ip := anAddress.Draw(t, "ip")
				quiet := !slices.ContainsFunc(slices.Collect(maps.Keys(waiting)), func(w int) bool { return wide(q.from[w]) == wide(ip) })
				lost := q.come(1, ip)
				if waiting[len(q.from)-1] = nil; quiet {
					waiting[len(q.from)-1] = map[string]int{}
				}
				for _, w := range lost {
					delete(waiting, w)
				}
			case 3, 4:
				w := q.Next()
				if (w < 0) != (len(waiting) == 0) {
					t.Fatalf("next is %d, and %d wait", w, len(waiting))
				}
				if delete(waiting, w); w < 0 {
					continue
				}
				for other, turns := range waiting {
					if turns == nil {
						continue
					}
					turns[q.from[w]]++
					turns[wide(q.from[w])]++
					if turns[q.from[w]] > 2 || turns[wide(q.from[w])] > 8 {
						t.Fatalf("%s was served too often while %s waited", q.from[w], q.from[other])
					}
				}
			case 5:
				if len(waiting) == 0 {
					continue
				}
				w := rapid.SampledFrom(slices.Sorted(maps.Keys(waiting))).Draw(t, "leaves")
				if delete(waiting, w); !q.Leave(w) {
					t.Fatal("it cannot leave")
				}
			}
			if n, groups := q.Sizes(); n != len(waiting) || n > most || groups > 3*n {
				t.Fatalf("%d wait of %d, in %d groups", n, len(waiting), groups)
			}
		}
		for range len(waiting) {
			if q.Next() < 0 {
				t.Fatal("one was never served")
			}
		}
		if n, groups := q.Sizes(); n+groups != 0 {
			t.Fatalf("%d waiters and %d groups are left", n, groups)
		}
	})
}

// anAddress is of one of a few networks, which overlap at every level.
var anAddress = rapid.Custom(func(t *rapid.T) string {
	n := rapid.IntRange(0, 9).Draw(t, "host")
	return fmt.Sprintf(rapid.SampledFrom([]string{
		"192.0.2.%d", "10.%d.0.1", "2001:db8:0:%x::1", "2001:db8:1:%x00::1", "2001:db8:%x::1",
	}).Draw(t, "network"), n)
})

// wide is the widest network of an address that a queue counts.
func wide(ip string) string {
	a := netip.MustParseAddr(ip)
	bits := 48
	if a.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(a, bits).Masked().String()
}
