package auth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	pruneInterval = time.Minute
	walkInterval  = time.Hour             // of the sessions: whether one is gone for a month may be found out late
	pruneLimit    = 200                   // rows in one step: it must not keep refreshes waiting
	prunePause    = 20 * time.Millisecond // between two steps
	reasonKept    = 24 * time.Hour        // how long an idle session is remembered, to say that it was idle
)

// Service is the domain: accounts, sessions and their tokens. Its methods may be called from many goroutines, and fail
// with *Error, or with the context's error where that was cancelled.
type Service struct {
	cfg      Config
	policy   Policy
	store    Store
	hasher   *hasher
	keys     *keyring
	tokens   *minter
	endings  *endings
	trail    *trail
	answers  *memory[Answer, bool] // answers that are in the store; true: their tokens are marked as seen
	lookups  *lookups
	browsers *memory[deviceCheck, time.Time] // device cookies that refreshes came with and were good, until checked again
}

// New returns a Service on the store. It makes the keys where the store has none. With a master key, it replaces keys that
// ever stood in the store in the clear. Then it loads which sessions ended lately. It fails with ErrNoMasterKey or
// ErrWrongMasterKey where the keys are encrypted with another master key. Run must run for as long as the Service is used.
func New(ctx context.Context, store Store, cfg Config) (*Service, error) {
	cfg = cfg.withDefaults()
	h, err := newHasher(defaultCost)
	if err != nil {
		return nil, fmt.Errorf("prepare password hashing: %w", err)
	}
	keys, err := loadKeys(ctx, store, keyPolicy{masters: cfg.MasterKeys, maxAge: cfg.KeyMaxAge, accessTTL: cfg.AccessTTL}, cfg.Log)
	if err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, policy: cfg.policy(), store: store, hasher: h, keys: keys,
		tokens:   newMinter(keys, cfg.Issuer, cfg.AccessTTL),
		endings:  newEndings(store, keys.longest),
		trail:    newTrail(store),
		answers:  newMemory[Answer, bool](memoryHalf),
		lookups:  newLookups(store),
		browsers: newMemory[deviceCheck, time.Time](memoryHalf),
	}
	if err := s.endings.poll(ctx); err != nil {
		return nil, fmt.Errorf("load the ended sessions: %w", err)
	}
	return s, nil
}

// Run learns every 500 ms what other processes ended and which keys there are, writes what was refused to the audit
// record, and prunes what is no longer needed, until ctx ends; then it returns nil. A failure of the database is logged
// and tried again.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { every(ctx, pollInterval, s.reporting(ctx, "poll the ended sessions", s.endings.poll)) })
	wg.Go(func() { every(ctx, pollInterval, s.reporting(ctx, "read the signing keys", s.keys.poll)) })
	wg.Go(func() { every(ctx, pruneInterval, s.reporting(ctx, "prune", s.pruner())) })
	wg.Go(func() { s.trail.run(ctx, s.reporting(ctx, "write the audit record", s.trail.write)) })
	wg.Wait()
	if err := s.trail.finish(ctx); err != nil {
		s.cfg.Log.ErrorContext(ctx, "cannot write the rest of the audit record", "error", err)
	}
	return nil
}

// every calls do at once and then at each interval until ctx ends.
func every(ctx context.Context, interval time.Duration, do func()) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		do()
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// reporting returns do with its failures in the log: the first of a row and the recovery, for a database that is away
// would fill it.
func (s *Service) reporting(ctx context.Context, what string, do func(context.Context) error) func() {
	failing := false
	return func() {
		err := do(ctx)
		switch {
		case err != nil && !failing && !errors.Is(err, context.Canceled):
			s.cfg.Log.ErrorContext(ctx, "cannot "+what+", trying again", "error", err)
			failing = true
		case err == nil && failing:
			s.cfg.Log.InfoContext(ctx, "can "+what+" again")
			failing = false
		}
	}
}

// pruner returns what removes all that nothing can ask for any more. It looks at every session at its first call, and
// then once in an hour.
func (s *Service) pruner() func(context.Context) error {
	var walked time.Time
	return func(ctx context.Context) error {
		r := Retention{Grace: s.cfg.Grace, Recovery: s.cfg.Recovery, Counts: max(failureWindow, signUpWindow, quotaWindow), Audit: s.cfg.AuditKeep}
		began := time.Now()
		if began.Sub(walked) >= walkInterval {
			r.Sessions = s.cfg.IdleTTL + reasonKept
		}
		err := s.prune(ctx, r)
		if err == nil && r.Sessions > 0 {
			walked = began
		}
		return err
	}
}

// prune is a round of pruning, in small steps with a pause after each.
func (s *Service) prune(ctx context.Context, r Retention) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for at := (PruneCursor{}); ; pause.Reset(prunePause) {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return nil
		}
		var err error
		if at, _, err = s.store.Prune(ctx, r, at, pruneLimit); err != nil || at == (PruneCursor{}) {
			return err
		}
	}
}
