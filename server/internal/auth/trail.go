package auth

import (
	"context"
	"slices"
	"sync"
	"time"
)

// What strangers can cause as often as they like goes on record in a bounded number of rows, and not in the time of
// their requests: a commit for each guess would cost more than the guess, and how long it takes would tell whether the
// account exists.
//
//   - Events of one kind, reason, account, session, token and network within an hour are one entry with a count: that
//     of the first, whose address and user agent stand for all. Each process has entries of its own.
//   - An account has at most trailOfAccount such entries of one kind in an hour. What comes from yet more addresses is
//     counted with no address. The good login that it may lead to has an entry of its own with its address, always.
//   - Recoveries have trailOfChanges: they tell of thieves, so that more of them keep their addresses. An account with a
//     hundred sessions could otherwise write an entry for each request, from an address of its own.
//   - What is about no account has trailOfNobody, and a process trailInAll. An entry has about 350 bytes: an attacker
//     who knows the addresses of thousands of accounts fills a few megabytes in an hour, any other 100 kB.
//   - Entries are written a second after they came, trailBatch at most in one second, and before Run returns. A process
//     that is killed loses that second of guesses. What was answered, or changed anything, is written with the answer.
const (
	trailOfAccount = 16
	trailOfChanges = 256 // of what changes something and is recorded with it: recoveries
	trailOfNobody  = 256
	trailInAll     = 10_000
	trailBatch     = 200
	trailPause     = time.Second
	trailLast      = 5 * time.Second // for what still waits when Run's context ends
)

// trail collects such events until they are written.
type trail struct {
	store Store
	noted chan struct{} // has an element while something waits

	mu      sync.Mutex // guards what follows
	hour    time.Time  // that the entries are of, by this process's clock
	entries map[entryKey]*entry
	of      map[entryKey]int // how many entries each account has of a kind
	waiting []*entry         // those with a count, the longest waiting first
}

// entryKey is what events have in common that are one entry.
type entryKey struct {
	kind                    EventKind
	user                    string
	reason                  Reason
	session, token, network string
}

type entry struct {
	event Event // the first, with the id of them all
	unwritten
}

// unwritten is what of an entry is not written yet.
type unwritten struct {
	count       int
	first, last time.Time // by this process's clock
}

func newTrail(store Store) *trail {
	return &trail{store: store, noted: make(chan struct{}, 1), entries: map[entryKey]*entry{}, of: map[entryKey]int{}}
}

// note has an event recorded in a moment.
func (t *trail) note(e Event) error {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	x, err := t.entry(e, now, trailOfAccount)
	if err != nil {
		return err
	}
	if x.count == 0 {
		x.first = now
		t.waiting = append(t.waiting, x)
		t.signal()
	}
	x.last = now
	x.count++
	return nil
}

// merged returns the event as the entry that counts it, for a caller that records it with what it changes.
func (t *trail) merged(e Event) (Event, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, err := t.entry(e, time.Now(), trailOfChanges)
	if err != nil {
		return e, err
	}
	at := e.At
	e = x.event
	e.At = at
	return e, nil
}

// entry returns the entry that counts the event. Where the account has no room for another one it is the account's entry
// without an address, and where the process has none, that of no account. It is called with mu held.
func (t *trail) entry(e Event, now time.Time, room int) (*entry, error) {
	// Should the database be away for hours, what waits for it stays as much as it is.
	if hour := now.Truncate(EventSpan); !hour.Equal(t.hour) && len(t.waiting) < trailInAll {
		t.hour = hour
		clear(t.entries)
		clear(t.of)
	}
	if e.UserID == "" {
		room = trailOfNobody
	}
	all := len(t.entries) >= trailInAll
	if t.entries[keyOf(e)] == nil && (all || t.of[entryKey{kind: e.Kind, user: e.UserID}] >= room) {
		e = Event{Kind: e.Kind, Reason: e.Reason, UserID: e.UserID}
		if all {
			e.UserID = ""
		}
	}
	return t.keep(keyOf(e), e)
}

// keep returns the entry of the key, which has e as its first where there was none. It is called with mu held.
func (t *trail) keep(key entryKey, e Event) (*entry, error) {
	x := t.entries[key]
	if x != nil {
		return x, nil
	}
	var err error
	if e.ID, err = newID(); err != nil {
		return nil, err
	}
	x = &entry{event: e}
	t.entries[key] = x
	t.of[entryKey{kind: e.Kind, user: e.UserID}]++
	return x, nil
}

func keyOf(e Event) entryKey {
	return entryKey{e.Kind, e.UserID, e.Reason, e.SessionID, e.TokenID, Network(e.IP)}
}

// signal wakes run. It is called with mu held.
func (t *trail) signal() {
	select {
	case t.noted <- struct{}{}:
	default:
	}
}

// run calls write after what was noted, until ctx ends, and then until nothing waits any more or it fails.
func (t *trail) run(ctx context.Context, write func()) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	<-pause.C
	for {
		select {
		case <-t.noted:
		case <-ctx.Done():
			return
		}
		pause.Reset(trailPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
		write()
	}
}

// finish writes all that waits, when the process ends.
func (t *trail) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), trailLast)
	defer cancel()
	for {
		left, err := t.writeSome(ctx)
		if err != nil || !left {
			return err
		}
	}
}

// write writes what has waited longest.
func (t *trail) write(ctx context.Context) error {
	_, err := t.writeSome(ctx)
	return err
}

func (t *trail) writeSome(ctx context.Context) (left bool, err error) {
	batch, left := t.take()
	if len(batch) == 0 {
		return false, nil
	}
	began := time.Now()
	err = t.store.Record(ctx, func(now time.Time) []Event {
		list := make([]Event, len(batch))
		for i, b := range batch {
			list[i] = b.of.event
			// The store's clock counts, as everywhere.
			list[i].Times, list[i].At, list[i].Last = b.count, now.Add(b.first.Sub(began)), now.Add(b.last.Sub(began))
		}
		return list
	})
	if err != nil {
		t.giveBack(batch)
	}
	return left, err
}

// taken is what of an entry is being written.
type taken struct {
	of *entry
	unwritten
}

// take takes from what waits, and says whether some is left.
func (t *trail) take() (batch []taken, left bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.waiting), trailBatch)
	for _, x := range t.waiting[:n] {
		batch = append(batch, taken{x, x.unwritten})
		x.unwritten = unwritten{}
	}
	t.waiting = slices.Delete(t.waiting, 0, n)
	if len(t.waiting) > 0 {
		t.signal()
	}
	return batch, len(t.waiting) > 0
}

// giveBack has a batch that could not be written wait again.
func (t *trail) giveBack(batch []taken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range batch {
		x := b.of
		if x.count == 0 {
			t.waiting = append(t.waiting, x)
			x.last = b.last
		}
		x.count += b.count
		x.first = b.first
	}
	t.signal()
}
