package auth

import (
	"context"
	"fmt"
	"time"
)

// An operator ends sessions with a command beside the servers: no access token asks for it. The evidence says so by what
// no visitor can bring about, an ending that is REVOKED by no session and from no address; the name of the command in the
// place of the user agent is for whoever reads it.
const operatorAgent = "latchkey sessions end"

// AccountSession is a session with the address of its account.
type AccountSession struct {
	Session
	Email string
}

// EndByOperator ends every session of the selection (REVOKED), which may be all there are, and returns how many of them
// were live. Those that open meanwhile stay. It goes in steps of a few sessions, so that refreshes do not wait for it;
// where it fails, those of the steps before have ended. Every process refuses their access tokens within a second.
func EndByOperator(ctx context.Context, store Store, sel Selection) (int, error) {
	end := Ending{Reason: ReasonRevoked, UserAgent: operatorAgent}
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
