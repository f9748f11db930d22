// Package refusal logs the requests that the server refuses: attempts without a right, from another site, over a limit,
// or malformed. Strangers cause as many as they like, so the log is bounded: of each kind one line a minute, with the
// number of those since the line before (OWASP ASVS 16.3.2 and 16.3.3).
//
// Make one [Log] for a server and call [Log.Note] for each refused request.
package refusal

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Kind says why a request is refused.
type Kind string

// The kinds of refusals.
const (
	Malformed   Kind = "malformed request"
	Unsupported Kind = "unsupported media type"
	TooLarge    Kind = "too large a body"
	OverLimit   Kind = "over a limit"
	BadToken    Kind = "invalid access token"
	NoToken     Kind = "restricted field without an access token"
	NotOwn      Kind = "object that is not the account's, or gone"
	Forbidden   Kind = "forbidden request" // from another site, or for a worker's script
	BadQuery    Kind = "invalid or too expensive query"
)

const (
	every    = time.Minute // between two lines of a kind
	mostPath = 256         // bytes of a path that are logged
)

// Log logs refusals. A nil *Log logs nothing. Its methods may be called from many goroutines.
type Log struct {
	log *slog.Logger

	mu    sync.Mutex // guards kinds
	kinds map[Kind]*told
}

// told is what of a kind was logged.
type told struct {
	at    time.Time
	since int // refusals after that
}

// New returns a Log that writes to log.
func New(log *slog.Logger) *Log { return &Log{log: log, kinds: map[Kind]*told{}} }

// Note logs the refusal of a request to path from the address, with further attributes as slog has them, unless one of
// its kind was logged less than a minute ago: then it is counted, and the next line says how many were.
func (l *Log) Note(ctx context.Context, kind Kind, address, path string, more ...any) {
	if l == nil {
		return
	}
	unlogged, due := l.due(kind, time.Now())
	if !due {
		return
	}
	l.log.With(more...).InfoContext(ctx, "request refused", "kind", string(kind), "remote_addr", address,
		"path", path[:min(len(path), mostPath)], "unlogged_before", unlogged)
}

// due reports whether a refusal is to be logged, and how many were not since the line before.
func (l *Log) due(kind Kind, now time.Time) (unlogged int, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	k := l.kinds[kind]
	if k == nil {
		k = &told{}
		l.kinds[kind] = k
	}
	if !k.at.IsZero() && now.Sub(k.at) < every {
		k.since++
		return 0, false
	}
	unlogged = k.since
	k.at, k.since = now, 0
	return unlogged, true
}
