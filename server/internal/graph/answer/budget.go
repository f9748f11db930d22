// Package answer bounds the bytes of memory that one answer of the API takes: what is loaded for it, and what it is
// encoded to. A query of 1 kB can ask for hundreds of megabytes, so both are charged while they are made: to the
// answer's own [Budget], and to the network that the request came from (package inflight), until the answer is written.
//
//	Load, Load, … ─▶ Encode, Encode, … ─▶ Finish ─▶ write
//	    │                │                  │
//	    └────────────────┴──────────────────┴─ used up: stop, and answer with ErrTooLarge or inflight.ErrUsedUp alone
//
// The executor runs resolvers at once and encodes afterwards, so most of a large answer is refused before a byte of it
// is encoded.
package answer

import (
	"context"
	"errors"
	"sync/atomic"

	"example.com/latchkey/server/internal/inflight"
)

// Max is how many bytes an answer may take, loaded and encoded together. A page of 100 posts of 20,000 bytes fits, unless
// every other character of it is one that JSON escapes with six.
const Max = 7 << 20

const (
	loadsAtOnce  = 4        // of one answer
	bufferGrowth = 2        // of a buffer that doubles: its memory by its content
	free         = 16 << 10 // bytes of an answer that the request's own place pays for
)

// ErrTooLarge says that the answer is larger than Max: ask for less.
var ErrTooLarge = errors.New("the answer is too large")

// Budget is what is left for one answer. A nil Budget has no bounds. Its methods may be called concurrently.
type Budget struct {
	charge  *inflight.Charge
	loading chan struct{} // holds a token for each load under way
	left    atomic.Int64
	encoded atomic.Int64
	err     atomic.Pointer[error] // why it is used up
}

// New returns the budget of an answer, for a request that has the charge, or nil.
func New(charge *inflight.Charge) *Budget {
	b := &Budget{charge: charge, loading: make(chan struct{}, loadsAtOnce)}
	b.left.Store(Max)
	return b
}

// Err returns why the budget is used up: ErrTooLarge, inflight.ErrUsedUp or nil.
func (b *Budget) Err() error {
	if b == nil {
		return nil
	}
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

// Load runs load, which returns how many bytes it has loaded, and charges these. Few loads of one answer run at once, so
// that little is loaded after the budget is used up. Load fails with load's error, ctx's, ErrTooLarge or inflight.ErrUsedUp.
func (b *Budget) Load(ctx context.Context, load func() (bytes int, err error)) error {
	if b == nil {
		_, err := load()
		return err
	}
	select {
	case b.loading <- struct{}{}:
		defer func() { <-b.loading }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := b.Err(); err != nil {
		return err
	}
	bytes, err := load()
	if err != nil {
		return err
	}
	return b.take(bytes, bytes)
}

// Encode charges bytes of the answer that are about to be encoded. It fails with ErrTooLarge or inflight.ErrUsedUp: do not encode.
func (b *Budget) Encode(bytes int) error {
	if b == nil {
		return nil
	}
	b.encoded.Add(int64(bytes))
	return b.take(bytes, bufferGrowth*bytes)
}

// Finish charges what was encoded without a call of Encode, given the bytes of the whole answer. It fails with ErrTooLarge
// or inflight.ErrUsedUp: do not write the answer.
func (b *Budget) Finish(bytes int) error {
	if b == nil {
		return nil
	}
	if rest := bytes - int(b.encoded.Load()) - free; rest > 0 {
		return b.take(rest, bufferGrowth*rest)
	}
	return b.Err()
}

// take charges bytes to the answer, and memory to the network.
func (b *Budget) take(bytes, memory int) error {
	if err := b.Err(); err != nil {
		return err
	}
	switch {
	case b.left.Add(-int64(bytes)) < 0:
		b.err.CompareAndSwap(nil, &ErrTooLarge)
	case !b.charge.Add(memory):
		b.err.CompareAndSwap(nil, &inflight.ErrUsedUp)
	}
	return b.Err()
}

type contextKey struct{}

// NewContext returns ctx with the budget of its answer.
func NewContext(ctx context.Context, b *Budget) context.Context {
	return context.WithValue(ctx, contextKey{}, b)
}

// FromContext returns the budget of the answer that ctx belongs to, or nil.
func FromContext(ctx context.Context) *Budget {
	b, _ := ctx.Value(contextKey{}).(*Budget)
	return b
}
