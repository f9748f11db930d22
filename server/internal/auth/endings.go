package auth

import (
	"context"
	"sync"
	"time"
)

const (
	pollInterval = 500 * time.Millisecond
	pollFresh    = time.Second // what was polled longer ago than this is not relied on (contract §3: within 1 s)
	pollOverlap  = 10 * time.Second
	purgeEvery   = time.Minute
	endingSlack  = time.Minute // how far the clocks of two servers may differ
)

// endings is the set of sessions that ended so lately that access tokens of them may still be good. What this process
// ends is in it at once; what others end comes by polling.
type endings struct {
	store Store
	keep  time.Duration // no access token lives on for longer

	mu     sync.RWMutex // guards what follows
	ended  map[string]ended
	polled time.Time // when the last poll that succeeded began, by this process's clock
	since  time.Time // where the next poll starts, by the store's clock
	purged time.Time
}

type ended struct {
	reason Reason
	until  time.Time // when it may be forgotten
}

func newEndings(store Store, accessTTL time.Duration) *endings {
	keep := accessTTL + endingSlack
	return &endings{store: store, keep: keep, ended: map[string]ended{}, since: time.Now().Add(-keep)}
}

// add puts sessions that ended just now into the set.
func (e *endings) add(reason Reason, sessionIDs ...string) {
	until := time.Now().Add(e.keep)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range sessionIDs {
		if _, known := e.ended[id]; !known {
			e.ended[id] = ended{reason, until}
		}
	}
}

// reason returns why the session ended, or "" where it has not. Where the last poll is too old to tell, it asks the
// store, so that an ended session is refused in time whatever keeps the polls from running.
func (e *endings) reason(ctx context.Context, sessionID string) (Reason, error) {
	e.mu.RLock()
	known, fresh := e.ended[sessionID].reason, time.Since(e.polled) <= pollFresh
	e.mu.RUnlock()
	if known != "" || fresh {
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

// poll fetches what ended since the last poll. Polls overlap a little: an ending has the time of its transaction's
// start, and becomes visible at its end.
func (e *endings) poll(ctx context.Context) error {
	e.mu.RLock()
	since := e.since
	e.mu.RUnlock()
	began := time.Now()
	fetched, now, err := e.store.Endings(ctx, since)
	if err != nil {
		return err
	}
	for _, end := range fetched {
		e.add(end.Reason, end.SessionID)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.polled, e.since = began, now.Add(-pollOverlap)
	if began.Sub(e.purged) >= purgeEvery {
		e.purged = began
		for id, end := range e.ended {
			if end.until.Before(began) {
				delete(e.ended, id)
			}
		}
	}
	return nil
}
