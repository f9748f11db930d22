package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-sqlite3"
)

// direct runs statements on one connection of SQLite's driver, each prepared once, with no database/sql between: for
// statements that take a few microseconds, its locks and conversions are as much again. One goroutine at a time uses it.
type direct struct {
	conn       *sqlite3.SQLiteConn
	statements map[string]*directStatement
	args       []driver.NamedValue // of the statement that runs
	wrote      bool                // a statement that may write has run since this was set to false
}

type directStatement struct {
	*sqlite3.SQLiteStmt
	reads bool
}

func openDirect(uri string) (*direct, error) {
	conn, err := (&sqlite3.SQLiteDriver{}).Open(uri)
	if err != nil {
		return nil, err
	}
	return &direct{conn: conn.(*sqlite3.SQLiteConn), statements: map[string]*directStatement{}}, nil
}

// ExecContext implements runner.
func (d *direct) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	st, err := d.prepare(ctx, query, args)
	if err != nil {
		return nil, err
	}
	result, err := st.ExecContext(ctx, d.args)
	if err == nil && !st.reads {
		d.wrote = true
	}
	return result, err
}

// QueryContext implements runner.
func (d *direct) QueryContext(ctx context.Context, query string, args ...any) (rows, error) {
	st, err := d.prepare(ctx, query, args)
	if err != nil {
		return nil, err
	}
	found, err := st.QueryContext(ctx, d.args)
	if err != nil {
		return nil, err
	}
	if !st.reads {
		d.wrote = true
	}
	return &directRows{rows: found, values: make([]driver.Value, len(found.Columns()))}, nil
}

// prepare returns the statement of the query, and sets the arguments for it.
func (d *direct) prepare(ctx context.Context, query string, args []any) (*directStatement, error) {
	d.args = d.args[:0]
	for i, arg := range args {
		value, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		d.args = append(d.args, driver.NamedValue{Ordinal: i + 1, Value: value})
	}
	if st, ok := d.statements[query]; ok {
		return st, nil
	}
	prepared, err := d.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	st := &directStatement{SQLiteStmt: prepared.(*sqlite3.SQLiteStmt)}
	st.reads = st.Readonly()
	d.statements[query] = st
	return st, nil
}

// inTransaction reports whether a transaction is open: SQLite itself ends one after some failures.
func (d *direct) inTransaction() bool { return !d.conn.AutoCommit() }

func (d *direct) close() error {
	var errs []error
	for _, st := range d.statements {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, d.conn.Close())...)
}

// directRows is the result of a query.
type directRows struct {
	rows   driver.Rows
	values []driver.Value // of the row that Next went to
	err    error
}

// Next implements rows.
func (r *directRows) Next() bool {
	r.err = r.rows.Next(r.values)
	return r.err == nil
}

// Err implements rows.
func (r *directRows) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Close implements rows.
func (r *directRows) Close() error { return r.rows.Close() }

// Scan implements row. It knows the types of this package's columns and converts nothing.
func (r *directRows) Scan(dest ...any) error {
	if len(dest) != len(r.values) {
		return fmt.Errorf("%d columns for %d variables", len(r.values), len(dest))
	}
	for i, to := range dest {
		ok := false
		switch to := to.(type) {
		case *string:
			*to, ok = r.values[i].(string)
		case *int64:
			*to, ok = r.values[i].(int64)
		case *[]byte:
			*to, ok = r.values[i].([]byte)
			ok = ok || r.values[i] == nil
		case sql.Scanner:
			if err := to.Scan(r.values[i]); err != nil {
				return fmt.Errorf("column %d: %w", i+1, err)
			}
			ok = true
		}
		if !ok {
			return fmt.Errorf("column %d: %T does not hold %T", i+1, to, r.values[i])
		}
	}
	return nil
}
