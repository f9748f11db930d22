package simulation

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What a browser holds navigations back for, as Chromium 156 does.
const (
	connections  = 6                // to one host at a time, over HTTP/1.1
	lockPatience = 20 * time.Second // for the headers of an earlier navigation to the same address
)

// queue holds the navigations of one browser between the moment they are made, with their cookies, and the moment they
// leave. Navigations to one address take turns: the first holds the lock of the browser's cache until its headers are
// there, and each of the others waits for that for at most lockPatience. Then all wait for a connection, first come,
// first served.
type queue struct {
	mu    sync.Mutex               // guards what follows
	lines map[string][]*navigation // by address; the first of a line holds its lock
	conns []*navigation            // the first six have a connection
}

// navigation is a request for a page on its way through the queue.
type navigation struct {
	address   string
	connected chan struct{} // closed when it has a connection
	over      chan struct{} // closed when it has left the queue
}

// enter puts a navigation into the queue and waits until it may leave for the network. An empty address is that of a
// form that is posted: no cache answers it, so it waits for a connection alone. It fails where ctx ends first; call leave
// in both cases.
func (q *queue) enter(ctx context.Context, address string, d *dice) (*navigation, error) {
	n := &navigation{address: address, connected: make(chan struct{}), over: make(chan struct{})}
	for holder := q.join(n); holder != nil; holder = q.holder(n) {
		patience := time.NewTimer(lockPatience + d.between(0, 50*time.Millisecond))
		select {
		case <-holder.over:
		case <-patience.C:
			q.goAnyway(n)
		case <-ctx.Done():
		}
		patience.Stop()
		if ctx.Err() != nil {
			return n, ctx.Err()
		}
	}
	q.connect(n)
	select {
	case <-n.connected:
	case <-ctx.Done():
	}
	return n, ctx.Err()
}

// join puts n at the end of its address's line, and returns what holder does.
func (q *queue) join(n *navigation) *navigation {
	if n.address == "" {
		return nil
	}
	q.mu.Lock()
	q.lines[n.address] = append(q.lines[n.address], n)
	q.mu.Unlock()
	return q.holder(n)
}

// holder returns the navigation whose headers n waits for; nil: none.
func (q *queue) holder(n *navigation) *navigation {
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.lines[n.address]
	if !slices.Contains(line, n) || line[0] == n {
		return nil
	}
	return line[0]
}

// goAnyway takes n out of its line.
func (q *queue) goAnyway(n *navigation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lines[n.address] = slices.DeleteFunc(q.lines[n.address], func(one *navigation) bool { return one == n })
}

// connect has n wait for a connection.
func (q *queue) connect(n *navigation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.conns = append(q.conns, n); len(q.conns) <= connections {
		close(n.connected)
	}
}

// leave gives the lock and the connection of n to the next ones: its headers are there, or it is given up.
func (q *queue) leave(n *navigation) {
	q.goAnyway(n)
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.conns, n); i >= 0 {
		q.conns = slices.Delete(q.conns, i, i+1)
		if i < connections && len(q.conns) >= connections {
			close(q.conns[connections-1].connected)
		}
	}
	close(n.over)
}

// never is when a navigation enters that is given up before.
const never = time.Hour

// queued is a navigation of TestQueue. Each is made a millisecond after the one before it.
type queued struct {
	address string
	keeps   time.Duration // from entering until its headers are there
	patient time.Duration // until it is given up; 0: for ever
	enters  time.Duration // to the second
}

func sameQueued(n int, one queued) []queued { return slices.Repeat([]queued{one}, n) }

var queueRows = []struct {
	name string
	all  []queued
}{
	{"one address", []queued{{"/a", 3 * time.Second, 0, 0}, {"/a", 3 * time.Second, 0, 3 * time.Second}, {"/a", 0, 0, 6 * time.Second}}},
	{"two addresses", []queued{{"/a", 3 * time.Second, 0, 0}, {"/b", 3 * time.Second, 0, 0}}},
	{"a lock that is held for long", []queued{{"/a", time.Minute, 0, 0}, {"/a", time.Minute, 0, lockPatience}, {"/a", 0, 0, lockPatience}}},
	{"patience begins anew with each holder", []queued{{"/a", 15 * time.Second, 0, 0}, {"/a", time.Minute, 0, 15 * time.Second}, {"/a", 0, 0, 35 * time.Second}}},
	{"one that is given up", []queued{{"/a", 5 * time.Second, 0, 0}, {"/a", 5 * time.Second, 2 * time.Second, never}, {"/a", 0, 0, 5 * time.Second}}},
	{"six connections", append(sameQueued(6, queued{"", 4 * time.Second, 0, 0}), queued{"", 0, 0, 4 * time.Second})},
	{"a form takes no lock", []queued{{"/a", 3 * time.Second, 0, 0}, {"", 3 * time.Second, 0, 0}}},
	{"the lock comes first", append(sameQueued(6, queued{"", 4 * time.Second, 0, 0}),
		queued{"/a", 4 * time.Second, 0, 4 * time.Second}, queued{"/a", 0, 0, 8 * time.Second})},
}

// TestQueue holds the queue to what its doc says of Chromium's.
func TestQueue(t *testing.T) {
	for _, row := range queueRows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := queue{lines: map[string][]*navigation{}}
				began := time.Now()
				for i, one := range row.all {
					ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(one.patient, never))
					go func() {
						defer cancel()
						n, err := q.enter(ctx, one.address, (&world{seed: uint64(i)}).random("tab"))
						defer q.leave(n)
						entered, keeps := time.Since(began).Truncate(time.Second), one.keeps
						if err != nil {
							entered, keeps = never, 0
						}
						if entered != one.enters {
							t.Errorf("navigation %d enters after %v (%v), want %v", i, entered, err, one.enters)
						}
						time.Sleep(keeps)
					}()
					time.Sleep(time.Millisecond)
				}
				time.Sleep(5 * time.Minute)
			})
		})
	}
}
