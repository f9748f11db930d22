package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"example.com/latchkey/server/internal/auth"
)

// plainPostgres turns failures to reach the database into auth.ErrUnavailable, in words of our own: the driver's name
// the user of the connection.
func plainPostgres(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case unavailable(err):
		return fmt.Errorf("%w: %s", auth.ErrUnavailable, reason(err))
	}
	return err
}

// plainOpening says why a database cannot be opened.
func plainOpening(err error) error {
	if errors.Is(err, errNewer) || errors.Is(err, context.Canceled) {
		return err
	}
	return errors.New(reason(err))
}

// unavailable reports whether an error is about the database or the way to it, and not about what was asked of it.
func unavailable(err error) bool {
	var (
		server  *pgconn.PgError
		connect *pgconn.ConnectError
		network net.Error
	)
	switch {
	case errors.As(err, &connect):
		return true
	case errors.As(err, &server):
		switch server.Code[:min(2, len(server.Code))] {
		case "08", "53", "57", "58": // connection, resources, operator (a shutdown, a timeout), system (a disk)
			return true
		}
		switch server.Code {
		case "25006", "25P03", "55P03": // read-only (a standby), idle in a transaction for too long, no lock in time
			return true
		}
		return collided(err) // after all tries
	}
	return errors.As(err, &network) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// lost reports whether it is a connection that is no more, where another one may do.
func lost(err error) bool {
	connect := (*pgconn.ConnectError)(nil)
	return unavailable(err) && !errors.As(err, &connect)
}

// reason says in a few words what is wrong. Only in class 42 are PostgreSQL's own words used: elsewhere they may name
// the user.
func reason(err error) string {
	var (
		server  *pgconn.PgError
		unknown *net.DNSError
		errno   syscall.Errno
	)
	switch {
	case errors.As(err, &server):
		switch {
		case server.Code == "28P01" || server.Code == "28000":
			return "it refuses the user or the password"
		case server.Code == "3D000":
			return "the server has no such database"
		case server.Code == "57P03":
			return "it is starting or shutting down"
		case server.Code == "53300":
			return "it takes no more connections"
		case len(server.Code) == 5 && server.Code[:2] == "42":
			return server.Message
		}
		return "PostgreSQL answers with error " + server.Code
	case errors.As(err, &unknown):
		return "its host is not known"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return fmt.Sprintf("no answer within %s", patience)
	}
	return innermost(err).Error()
}

// innermost returns the first cause of all: of a connection that could not be made, the network's or TLS's word.
func innermost(err error) error {
	for {
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			if e.Unwrap() == nil {
				return err
			}
			err = e.Unwrap()
		case interface{ Unwrap() []error }:
			if len(e.Unwrap()) == 0 {
				return err
			}
			err = e.Unwrap()[0]
		default:
			return err
		}
	}
}
