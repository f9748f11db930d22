package store_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// TestANetworkThatSwallows freezes the way to the database: nothing answers, and nothing says so.
func TestANetworkThatSwallows(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	way := newFreezer(t, u.Host)
	u.Host, u.RawQuery = way.address, "sslmode=disable&pool_max_conns=3"
	s := openPostgres(t, u.String())
	o := account(t, s)
	way.freeze()
	began := time.Now()
	var wg sync.WaitGroup
	for i := range 12 { // more than there are connections
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				_, err = s.Account(context.Background(), o.Session.UserID)
			} else {
				err = s.MarkSeen(context.Background(), answer(o))
			}
			if !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("error %v, want %v", err, auth.ErrUnavailable)
			}
		})
	}
	wg.Wait()
	if d := time.Since(began); d > 2*store.Patience {
		t.Errorf("they waited for %v", d)
	}
	way.thaw()
	if _, err := s.Account(t.Context(), o.Session.UserID); err != nil {
		t.Errorf("once the way is free again: %v", err)
	}
	if err := s.MarkSeen(t.Context(), answer(o)); err != nil {
		t.Errorf("once the way is free again: %v", err)
	}
}

// freezer hands on connections to a server, until it is frozen.
type freezer struct {
	address string

	mu   sync.Mutex // guards open
	open chan struct{}
}

func newFreezer(t *testing.T, to string) *freezer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	f := &freezer{address: ln.Addr().String(), open: make(chan struct{})}
	f.thaw()
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go f.copy(in, out)
			go f.copy(out, in)
		}
	}()
	return f
}

func (f *freezer) copy(to io.WriteCloser, from io.Reader) {
	defer to.Close()
	b := make([]byte, 8<<10)
	for {
		n, err := from.Read(b)
		f.mu.Lock()
		open := f.open
		f.mu.Unlock()
		<-open
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

func (f *freezer) freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open = make(chan struct{})
}

func (f *freezer) thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.open)
}
