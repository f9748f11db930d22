package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// errClosed says that the store was closed before.
var errClosed = errors.New("the database is closed")

// maxGroup bounds how long the first of a group waits for the last.
const maxGroup = 128

// groupWriter is the one connection that writes to SQLite. A commit waits for the disk, which takes many times as long
// as the writes before it: so whatever waits when a commit begins is committed with it, and all of it is durable when
// its callers are told.
//
//	write ─▶ queue ─▶ whoever gets the turn leads: begin, one savepoint for each of the group, commit
//	           └────▶ the others wait until a leader has done their part, or lead next
//
// SQLite has one writer at a time anyhow: waiting for it here, and not in the engine, is fair and can be given up.
type groupWriter struct {
	statements *prepared
	turn       chan struct{} // holds one element while somebody leads
	closed     chan struct{}

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

func newGroupWriter(statements *prepared) *groupWriter {
	return &groupWriter{statements: statements, turn: make(chan struct{}, 1), closed: make(chan struct{})}
}

func (g *groupWriter) write(ctx context.Context, fn func(context.Context, runner) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &write{ctx: context.WithoutCancel(ctx), fn: fn, done: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	g.mu.Unlock()
	for {
		select {
		case <-w.done:
			return w.outcome()
		case <-g.closed:
			return g.withdraw(w, errClosed)
		case <-ctx.Done():
			return g.withdraw(w, ctx.Err())
		case g.turn <- struct{}{}:
			g.lead()
			<-g.turn
		}
	}
}

func (w *write) outcome() error {
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.err
}

// withdraw takes a write out of the queue and returns err. One that a leader has taken is waited for instead.
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

// lead carries out what waits, as one transaction. It is called with the turn.
func (g *groupWriter) lead() {
	select {
	case <-g.closed:
		return
	default:
	}
	g.mu.Lock()
	n := min(len(g.queue), maxGroup)
	group := slices.Clone(g.queue[:n])
	g.queue = slices.Delete(g.queue, 0, n)
	g.mu.Unlock()
	if n == 0 {
		return // another leader has done it all
	}
	err := g.transact(group)
	for _, w := range group {
		if w.err == nil {
			w.err = err
		}
		close(w.done)
	}
}

// transact runs the group. What it returns is the failure of the whole; that of one write alone is in the write, and
// leaves nothing of it behind and the others untouched.
func (g *groupWriter) transact(group []*write) (err error) {
	ctx := context.Background() // a transaction that has begun is carried through
	if _, err := g.statements.ExecContext(ctx, "begin immediate"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	for _, w := range group {
		if err := g.part(ctx, w); err != nil {
			return errors.Join(err, g.rollback(ctx))
		}
	}
	if _, err := g.statements.ExecContext(ctx, "commit"); err != nil {
		return errors.Join(fmt.Errorf("commit: %w", err), g.rollback(ctx))
	}
	return nil
}

// part runs one write of a group between a savepoint and its release. It fails where the engine has lost the savepoint,
// which ends the group's transaction.
func (g *groupWriter) part(ctx context.Context, w *write) error {
	if _, err := g.statements.ExecContext(ctx, "savepoint part"); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	if w.run(g.statements); w.err != nil {
		if _, err := g.statements.ExecContext(ctx, "rollback to part"); err != nil {
			return errors.Join(w.err, fmt.Errorf("roll back to the savepoint: %w", err))
		}
	}
	if _, err := g.statements.ExecContext(ctx, "release part"); err != nil {
		return fmt.Errorf("release the savepoint: %w", err)
	}
	return nil
}

// run calls fn. A panic is kept for the caller whose fn it is: the leader is another.
func (w *write) run(r runner) {
	defer func() {
		if v := recover(); v != nil {
			w.panicked, w.err = v, fmt.Errorf("panic: %v", v)
		}
	}()
	w.err = w.fn(w.ctx, r)
}

func (g *groupWriter) rollback(ctx context.Context) error {
	if _, err := g.statements.ExecContext(ctx, "rollback"); err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// close waits for the running transaction; no other begins.
func (g *groupWriter) close() error {
	close(g.closed)
	g.turn <- struct{}{}
	defer func() { <-g.turn }()
	return g.statements.close()
}
