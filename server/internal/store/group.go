package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// errClosed says that the store was closed before.
var errClosed = errors.New("the database is closed")

// maxGroup bounds how long the first of a group waits for the last.
const maxGroup = 128

const (
	yieldLong  = 5 * time.Millisecond   // to let others run: those who write soon take a part of it
	yieldAgain = 100 * time.Millisecond // after it took longer
)

// groupWriter is the one connection that writes to SQLite. A commit waits for the disk, which takes many times as long
// as the writes before it: so whatever waits when a commit begins is committed with it, and all of it is durable when
// its callers are told.
//
//	write ─▶ queue ─▶ serve: begin, the part of each of the group, commit; at once the next
//	                               │ one fails that has written
//	                               ▼
//	              roll back, and once more with a savepoint for each
//
// SQLite has one writer at a time anyhow: waiting for it here, and not in the engine, is fair and can be given up. A
// goroutine of its own writes, which none of the callers has to be: what waits by the end of a commit then does not wait
// until the scheduler has come to one of them, which on a busy machine takes as long as the commit.
//
// Before it takes what waits, it lets everybody run who is about to write, for as long as more come: the larger a group,
// the less its commit costs each, in time of the processor too. Where nobody else has anything to do that takes nothing,
// and where somebody keeps the processor for long, as who hashes passwords does, nobody is let go first for a while.
type groupWriter struct {
	conn   *direct       // serve uses it
	hurry  time.Time     // until then nobody is let go first; serve uses it
	wake   chan struct{} // holds one element where the queue may have got its first
	closed chan struct{}
	ended  chan struct{} // closed once serve has returned

	mu    sync.Mutex // guards queue
	queue []*write
}

// write is one caller's transaction.
type write struct {
	ctx      context.Context
	fn       func(context.Context, runner) error
	done     chan struct{} // closed when the fields below are set
	err      error
	panicked any // what fn panicked with, for its caller to panic with
}

// newGroupWriter returns a writer on the connection, which is its own from then on. It runs until it is closed.
func newGroupWriter(conn *direct) *groupWriter {
	g := &groupWriter{conn: conn, wake: make(chan struct{}, 1), closed: make(chan struct{}), ended: make(chan struct{})}
	go g.serve()
	return g
}

func (g *groupWriter) write(ctx context.Context, fn func(context.Context, runner) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &write{ctx: context.WithoutCancel(ctx), fn: fn, done: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default: // serve will look anyhow
	}
	select {
	case <-w.done:
		return w.outcome()
	case <-g.closed:
		return g.withdraw(w, errClosed)
	case <-ctx.Done():
		return g.withdraw(w, ctx.Err())
	}
}

func (w *write) outcome() error {
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.err
}

// withdraw takes a write out of the queue and returns err. One that is under way is waited for instead.
func (g *groupWriter) withdraw(w *write, err error) error {
	g.mu.Lock()
	i := slices.Index(g.queue, w)
	if i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
	}
	g.mu.Unlock()
	if i >= 0 {
		return err
	}
	<-w.done
	return w.outcome()
}

// serve carries out what waits, each time as one transaction, until the writer is closed.
func (g *groupWriter) serve() {
	defer close(g.ended)
	for group := g.next(); len(group) > 0; group = g.next() {
		err := g.transact(group)
		for _, w := range group {
			if w.err == nil {
				w.err = err
			}
			close(w.done)
		}
	}
}

// next waits until something waits, and takes it out of the queue. It returns nothing once the writer is closed.
func (g *groupWriter) next() []*write {
	for {
		select {
		case <-g.closed:
			return nil
		default:
		}
		if group := g.take(); len(group) > 0 {
			return group
		}
		select {
		case <-g.wake:
		case <-g.closed:
		}
	}
}

// take takes what waits out of the queue, once that has stopped growing.
func (g *groupWriter) take() []*write {
	for n := 0; ; {
		began := time.Now()
		patient := began.After(g.hurry)
		if patient {
			runtime.Gosched()
			if now := time.Now(); now.Sub(began) > yieldLong {
				g.hurry = now.Add(yieldAgain)
			}
		}
		g.mu.Lock()
		before := n
		n = min(len(g.queue), maxGroup)
		if patient && n > before && n < maxGroup {
			g.mu.Unlock()
			continue
		}
		group := slices.Clone(g.queue[:n])
		g.queue = slices.Delete(g.queue, 0, n)
		g.mu.Unlock()
		return group
	}
}

// transact runs the group. What it returns is the failure of the whole; that of one write alone is in the write, and
// leaves nothing of it behind and the others untouched.
func (g *groupWriter) transact(group []*write) error {
	ctx := context.Background() // a transaction that has begun is carried through
	again, err := g.attempt(ctx, group, g.part)
	if again {
		_, err = g.attempt(ctx, group, g.savedPart)
	}
	return err
}

// attempt runs the group as one transaction, and reports whether it must run again because one of it failed that had
// written.
func (g *groupWriter) attempt(ctx context.Context, group []*write, part func(context.Context, *write) (spoilt bool, err error)) (again bool, err error) {
	if err := g.run(ctx, "begin immediate"); err != nil {
		return false, err
	}
	for _, w := range group {
		spoilt, err := part(ctx, w)
		switch {
		case err != nil:
			return false, errors.Join(err, g.rollback(ctx))
		case spoilt:
			// Alone, it needs no other try: what it did is undone, and it has its error.
			err := g.rollback(ctx)
			return err == nil && len(group) > 1, err
		}
	}
	if err := g.run(ctx, "commit"); err != nil {
		return false, errors.Join(err, g.rollback(ctx))
	}
	return false, nil
}

// part runs one write of a group, in the hope that it succeeds or fails before it has written. It fails where SQLite has
// ended the transaction.
func (g *groupWriter) part(_ context.Context, w *write) (spoilt bool, err error) {
	g.conn.wrote = false
	if w.run(g.conn); w.err == nil {
		return false, nil
	}
	if !g.conn.inTransaction() {
		return false, w.err
	}
	return g.conn.wrote, nil
}

// savedPart runs one write of a group between a savepoint and its release, which takes as long as a write of its own.
func (g *groupWriter) savedPart(ctx context.Context, w *write) (spoilt bool, err error) {
	if err := g.run(ctx, "savepoint part"); err != nil {
		return false, err
	}
	if w.run(g.conn); w.err != nil {
		if !g.conn.inTransaction() {
			return false, w.err
		}
		if err := g.run(ctx, "rollback to part"); err != nil {
			return false, errors.Join(w.err, err)
		}
	}
	return false, g.run(ctx, "release part")
}

// run calls fn. A panic is kept for the caller whose fn it is.
func (w *write) run(r runner) {
	defer func() {
		if v := recover(); v != nil {
			w.panicked, w.err = v, fmt.Errorf("panic: %v", v)
		}
	}()
	w.panicked = nil
	w.err = w.fn(w.ctx, r)
}

// run runs a statement that begins or ends a transaction or a part of one.
func (g *groupWriter) run(ctx context.Context, statement string) error {
	if _, err := g.conn.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

// rollback undoes what SQLite has not undone by itself.
func (g *groupWriter) rollback(ctx context.Context) error {
	if !g.conn.inTransaction() {
		return nil
	}
	return g.run(ctx, "rollback")
}

// close waits for the running transaction; no other begins.
func (g *groupWriter) close() error {
	close(g.closed)
	<-g.ended
	return g.conn.close()
}
