package auth

import (
	"context"
	"fmt"
	"time"
)

// An operator ends sessions with a command beside the servers: no access token asks for it. The evidence of such an ending
// is one that no request can leave: REVOKED by no session and from no address. The name of the command stands in the
// place of the user agent.
const (
	operatorAgent = "latchkey sessions end"
	restoredAgent = "latchkey restored"
)

// AccountSession is a session with the address of its account.
type AccountSession struct {
	Session
	Email string
}

// EndByOperator ends every session of the selection (REVOKED), which may be all there are, and returns how many of them
// were live. Those that open meanwhile stay. It goes in steps of a few sessions, so that refreshes do not wait for it;
// where it fails, those of the steps before have ended. Every process refuses their access tokens within a second.
func EndByOperator(ctx context.Context, store Store, sel Selection) (int, error) {
	return endInSteps(ctx, store, sel, operatorAgent)
}

func endInSteps(ctx context.Context, store Store, sel Selection, agent string) (int, error) {
	end := Ending{Reason: ReasonRevoked, UserAgent: agent}
	pause := time.NewTimer(0)
	defer pause.Stop()
	ended := 0
	for at := (EndCursor{}); ; pause.Reset(prunePause) {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ended, ctx.Err()
		}
		next, live, err := store.EndNext(ctx, sel, end, at, pruneLimit)
		ended += live
		if err != nil {
			return ended, fmt.Errorf("end sessions: %w", err)
		}
		if next == (EndCursor{}) {
			return ended, nil
		}
		at = next
	}
}

// Restored makes a database that was restored from a backup safe to serve from, before servers start on it. In the copy,
// sessions that ended after it was made are live, and keys that were dropped since sign. Restored replaces every key, as
// ReplaceKeys does, and then ends every session, as EndByOperator does. It returns the new signing key and how many
// sessions were live. Where it fails it can be called again; once more does no harm.
//
// The copy's keys may be in the clear or encrypted with any of the master keys. It fails with ErrNoMasterKey or
// ErrWrongMasterKey where none of these opens them, before it has changed anything.
func Restored(ctx context.Context, store Store, masters MasterKeys) (made KeyInfo, ended int, err error) {
	check := func(keys []Key) error {
		for _, k := range keys {
			if err := masters.check(k); err != nil {
				return err
			}
		}
		return nil
	}
	if made, err = replaceKeys(ctx, store, masters, check, Event{UserAgent: restoredAgent}); err != nil {
		return made, 0, err
	}
	ended, err = endInSteps(ctx, store, Selection{}, restoredAgent)
	return made, ended, err
}
