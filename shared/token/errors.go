package token

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrClosed is what every method returns once the keeper is closed.
	ErrClosed = errors.New("token: closed")
	// ErrForgotten is what those get who were waiting for a token when Forget was called.
	ErrForgotten = errors.New("token: forgotten while waiting")
)

// refusal is the issuer's own no.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// Refuse marks err as the issuer's own no. A [Config.Fetch] that returns it is not called again: the keeper is
// Refused, and Token returns err. Any other error is a fault, and the fetch is made again.
func Refuse(err error) error { return &refusal{err} }

// delay is a fault after which the issuer wants to be left alone.
type delay struct {
	err   error
	after time.Duration
}

func (d *delay) Error() string { return d.err.Error() }
func (d *delay) Unwrap() error { return d.err }

// Delay marks err as a fault after which the fetch must not be made again before after has passed, as with HTTP's
// Retry-After. More than five minutes are not waited.
func Delay(err error, after time.Duration) error { return &delay{err, after} }

// gaveUp is the error of a caller whose context ended while it waited: the context's, and with it the fault that
// kept the token from coming, where there was one.
func gaveUp(ctxErr, fault error) error {
	if fault == nil {
		return fmt.Errorf("token: waiting for a token: %w", ctxErr)
	}
	return fmt.Errorf("token: waiting for a token: %w (last try: %w)", ctxErr, fault)
}
