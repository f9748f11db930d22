package browsertest_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// link is a slow line: a TCP proxy in front of a server, for everything that a browser sends, a worker's requests too.
// All connections share its rate. It takes what a connection's opening takes, and knows no slow start and no loss.
type link struct {
	rate  float64       // bytes per second, each way
	delay time.Duration // each way
}

// chunk is how many bytes pass before another connection has its turn.
const chunk = 4 << 10

// lane is one way of a link.
type lane struct {
	link
	mu   sync.Mutex // guards free
	free time.Time  // when the last byte that was taken is on the line
}

// take returns when n bytes that are there now are on the line. A timer that woke late is made up for.
func (l *lane) take(n int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if earliest := time.Now().Add(-20 * time.Millisecond); l.free.Before(earliest) {
		l.free = earliest
	}
	l.free = l.free.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
	return l.free
}

type parcel struct {
	data []byte
	due  time.Time
}

// carry copies from one end to the other until there is no more, nothing before a moment.
func (l *lane) carry(to, from net.Conn, notBefore time.Time) {
	parcels := make(chan parcel, 1024)
	go func() {
		defer close(parcels)
		for {
			data := make([]byte, chunk)
			n, err := from.Read(data)
			if n > 0 {
				time.Sleep(time.Until(notBefore))
				sent := l.take(n)
				parcels <- parcel{data[:n], sent.Add(l.delay)}
				time.Sleep(time.Until(sent))
			}
			if err != nil {
				return // of whatever kind: this way is at its end
			}
		}
	}()
	failed := false
	for p := range parcels {
		time.Sleep(time.Until(p.due))
		if !failed {
			_, err := to.Write(p.data)
			failed = err != nil
		}
	}
	_ = to.Close() // an HTTP connection that is half closed is closed
}

// serve passes what comes to ln on to the server, until the test ends.
func (l link) serve(t testing.TB, ln net.Listener, server string) {
	up, down := &lane{link: l}, &lane{link: l}
	var running sync.WaitGroup
	var mu sync.Mutex
	open := map[io.Closer]bool{}
	running.Go(func() {
		for {
			from, err := ln.Accept()
			if err != nil {
				return // closed below
			}
			to, err := net.Dial("tcp", server)
			if err != nil {
				t.Error("the link's server:", err)
				return
			}
			mu.Lock()
			open[from], open[to] = true, true
			mu.Unlock()
			opened := time.Now().Add(2 * l.delay)
			running.Go(func() { up.carry(to, from, opened) })
			running.Go(func() { down.carry(from, to, opened) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
}
