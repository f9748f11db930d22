package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// mostLookups leaves the greater part of the database's connections to everything else.
	mostLookups = 2
	// mostUnknown is more than the requests that one network may have under way (package route), so only networks that
	// flood together lose places.
	mostUnknown   = 4096
	longestLookup = 5 * time.Second
)

// lookups asks whether the session of a refresh token exists, before the token is presented. Anybody can invent tokens,
// and a presentation is a transaction that writes: a lookup costs one row by its key, and no write. Two lookups run at
// once, in turns between networks. So a network that floods keeps its own unknown sessions waiting, and no others. Tokens
// of sessions that this process has met wait for nothing.
type lookups struct {
	store Store
	met   *memory[string, struct{}] // the ids of sessions
	turns *turns
}

func newLookups(store Store) *lookups {
	return &lookups{
		store: store, met: newMemory[string, struct{}](memoryHalf),
		turns: newTurns(mostLookups, mostUnknown, 0, longestLookup),
	}
}

// exists reports whether there is such a session, for a request from the address. It fails with errNoTurn, which is an
// ErrUnavailable, where networks that flood leave no time for it.
func (l *lookups) exists(ctx context.Context, ip, session string) (bool, error) {
	if _, ok := l.met.get(session); ok {
		return true, nil
	}
	done, err := l.turns.take(ctx, sender{ip: ip})
	if err != nil {
		return false, fmt.Errorf("look up a session: %w", err)
	}
	defer done()
	_, err = l.store.Ending(ctx, session)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err == nil {
		l.meet(session)
	}
	return err == nil, err
}

// meet remembers that there is such a session.
func (l *lookups) meet(session string) { l.met.put(session, struct{}{}) }
