package token

import "time"

var (
	Next      = next
	Margin    = margin
	Remaining = remaining
	Backoff   = backoff
)

// MoveWallClock makes the keeper's token look as if the wall clock, and it alone, had moved on by d since: a machine
// that slept, or a clock that was set. No test can move the clock of its bubble itself.
func (k *Keeper[H]) MoveWallClock(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held.arrived = k.held.arrived.Add(-d)
	k.held.renewal = k.held.renewal.Add(-d)
}
