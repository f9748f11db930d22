package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// preparer is a *sql.DB or a *sql.Conn.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// prepared runs statements that are prepared once and kept: parsing them costs more than running them. Every text
// comes from this package, so there are not many.
type prepared struct {
	on preparer

	mu         sync.Mutex // guards statements
	statements map[string]*sql.Stmt
}

func newPrepared(on preparer) *prepared {
	return &prepared{on: on, statements: map[string]*sql.Stmt{}}
}

// ExecContext implements runner.
func (p *prepared) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(ctx, args...)
}

// QueryContext implements runner.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	st, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	found, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	st, ok := p.statements[query]
	p.mu.Unlock()
	if ok {
		return st, nil
	}
	st, err := p.on.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	p.mu.Lock()
	first, raced := p.statements[query]
	if !raced {
		p.statements[query] = st
	}
	p.mu.Unlock()
	if raced {
		return first, st.Close()
	}
	return st, nil
}

func (p *prepared) close() error {
	p.mu.Lock()
	statements := p.statements
	p.statements = map[string]*sql.Stmt{}
	p.mu.Unlock()
	var errs []error
	for _, st := range statements {
		errs = append(errs, st.Close())
	}
	return errors.Join(errs...)
}
