package auth

import (
	"sync"
	"time"
)

const (
	guessWindow  = time.Minute
	mostGuesses  = 100     // of one network in a window: a hundred browsers that each hold a cookie of nobody's
	mostGuessers = 1 << 14 // networks that are counted in a window: beyond, it begins anew
)

// guesses counts the refresh tokens that were of no session at all, by the network that they came from. One can be
// guessed by nobody; but each takes its turn in the database, and a flood of them is refused here instead. A network
// that floods may have honest users too: whoever holds a token of a session that this process knows is not refused.
type guesses struct {
	known *memory[string, struct{}] // the ids of sessions

	mu    sync.Mutex // guards what follows
	until time.Time  // the end of the window
	of    map[string]int
}

func newGuesses() *guesses {
	return &guesses{known: newMemory[string, struct{}](memoryHalf), of: map[string]int{}}
}

// check fails with RATE_LIMITED where a token of the session, shown from the address, is not to be looked for now.
func (g *guesses) check(ip, session string) error {
	if wait := g.wait(ip); wait > 0 {
		if _, ok := g.known.get(session); !ok {
			return rateLimited(wait, "Too many unknown sessions from where you are. Please wait a minute, then try again.")
		}
	}
	return nil
}

func (g *guesses) wait(ip string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.of) == 0 || g.of[Network(ip)] < mostGuesses {
		return 0
	}
	return time.Until(g.until)
}

// wrong says that a token from the address was of no session.
func (g *guesses) wrong(ip string) {
	network := Network(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); !now.Before(g.until) || len(g.of) >= mostGuessers {
		clear(g.of)
		g.until = now.Add(guessWindow)
	}
	g.of[network]++
}

// right says that there is such a session.
func (g *guesses) right(session string) { g.known.put(session, struct{}{}) }
