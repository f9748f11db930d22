package auth

import (
	"context"
	"maps"
	"sync"
	"time"
)

const (
	pollInterval = 500 * time.Millisecond
	pollFresh    = time.Second // what was polled longer ago than this is not relied on (contract §3: within 1 s)
	pollOverlap  = 10 * time.Second
	purgeEvery   = time.Minute
	endingSlack  = time.Minute // how far the clocks of two servers may differ
	tokenRound   = time.Second // the times in access tokens are whole seconds
)

// endings is the set of sessions that ended so lately that access tokens of them may still be good. The sessions that
// this process ends are in it at once; a poll brings those that other processes end.
//
// The set reaches back as far as the longest life of an access token that any process may have signed (keyring.longest):
// another process, or this one before its restart, may have had a longer access-ttl. A token that was issued before the
// time to which the set reaches is looked up in the store.
type endings struct {
	store   Store
	longest func() time.Duration // the longest life of an access token that may be about

	mu     sync.RWMutex // guards what follows
	ended  map[string]ended
	marked map[string]time.Time // accounts: when their last mark ended more sessions than are worth listing
	from   time.Time            // every ending since then is in the set, by the store's clock
	reach  time.Duration        // how far back from was when it was set
	polled time.Time            // when the last poll that succeeded began, by this process's clock
	since  time.Time            // where the next poll starts, by the store's clock
	purged time.Time
}

type ended struct {
	reason Reason
	at     time.Time
}

func newEndings(store Store, longest func() time.Duration) *endings {
	e := &endings{store: store, longest: longest, ended: map[string]ended{}, marked: map[string]time.Time{}}
	e.reach = e.keep()
	e.from = time.Now().Add(-e.reach)
	e.since = e.from
	return e
}

// keep returns how far back the set has to reach.
func (e *endings) keep() time.Duration { return e.longest() + tokenRound + endingSlack }

// add puts sessions that ended just now into the set.
func (e *endings) add(reason Reason, sessionIDs ...string) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range sessionIDs {
		e.put(id, ended{reason, now})
	}
}

// put adds a session, which keeps its first reason. It is called with mu held.
func (e *endings) put(id string, end ended) {
	if _, known := e.ended[id]; !known {
		e.ended[id] = end
	}
}

// mark has the store asked about each session of the account, for as long as access tokens of it may be good.
func (e *endings) mark(userID string) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.marked[userID] = now
}

// reason returns why the session of the account ended, or "" where it has not, for an access token that was issued at
// the given time. It asks the store where the last poll is too old to tell, where the set does not reach back to that
// time, and where the account is marked.
func (e *endings) reason(ctx context.Context, id Identity, issued time.Time) (Reason, error) {
	sessionID := id.SessionID
	e.mu.RLock()
	known := e.ended[sessionID].reason
	_, marked := e.marked[id.UserID]
	complete := !marked && time.Since(e.polled) <= pollFresh && !issued.Before(e.from.Add(endingSlack))
	e.mu.RUnlock()
	if known != "" || complete {
		return known, nil
	}
	end, err := e.store.Ending(ctx, sessionID)
	if err != nil {
		return "", err
	}
	if end.Reason != "" {
		e.add(end.Reason, sessionID)
	}
	return end.Reason, nil
}

// poll fetches what ended since the last poll, or since longer ago where the set has to reach further back than it does.
// Polls overlap a little: an ending has the time of its transaction's start, and becomes visible at its end.
func (e *endings) poll(ctx context.Context) error {
	began, keep := time.Now(), e.keep()
	e.mu.RLock()
	since, further := e.since, keep > e.reach
	e.mu.RUnlock()
	if further {
		since = since.Add(-keep)
	}
	fetched, now, err := e.store.Endings(ctx, since)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, end := range fetched {
		if end.SessionID == "" {
			e.marked[end.UserID] = end.At
			continue
		}
		e.put(end.SessionID, ended{end.Reason, end.At})
	}
	if further {
		e.from, e.reach = since, keep
	}
	e.polled, e.since = began, now.Add(-pollOverlap)
	if began.Sub(e.purged) >= purgeEvery {
		e.purged = began
		e.purge(now.Add(-keep), keep)
	}
	return nil
}

// purge forgets the sessions and marks of before the given time, which is reach ago. It is called with mu held.
func (e *endings) purge(before time.Time, reach time.Duration) {
	if before.After(e.from) {
		e.from, e.reach = before, reach
	}
	for id, end := range e.ended {
		if end.at.Before(e.from) {
			delete(e.ended, id)
		}
	}
	maps.DeleteFunc(e.marked, func(_ string, at time.Time) bool { return at.Before(e.from) })
}
