package token

import "time"

const (
	// A token is renewed at a random moment between these shares of its life. For the five minutes of the contract
	// that is a minute of jitter, which a thief in lock-step has to hit (rule W6), and 30 s at the end in which a
	// failed renewal can be tried again before anyone has to wait.
	renewFrom, renewUntil = 0.70, 0.90

	// What a token must have left to be given out: a tenth of its life, so that short lives work, and no more than
	// this, which is plenty for a request to reach the server.
	maxMargin = 10 * time.Second
)

// Token is an access token as it arrives, with what came along: its holder.
type Token[H any] struct {
	Secret   Secret
	Lifetime time.Duration // from its arrival: exp − iat of a JWT
	Holder   H
}

// held is a token that has arrived.
type held[H any] struct {
	Token[H]
	arrived  time.Time // by the wall clock: the monotonic one may stand still while the machine sleeps
	since    time.Time // by the monotonic clock: the wall clock may be set
	renewal  time.Time // by the wall clock
	rejected bool      // the server does not take it any more
	instead  bool      // it took the place of a rejected one
}

func arrive[H any](t Token[H], now time.Time, r float64) *held[H] {
	wall := now.Round(0)
	return &held[H]{Token: t, arrived: wall, since: now, renewal: next(wall, t.Lifetime, r)}
}

func (t *held[H]) expiry() time.Time { return t.arrived.Add(t.Lifetime) }

// fresh reports whether the token may be given out.
func (t *held[H]) fresh(now time.Time) bool {
	if t.rejected {
		return false
	}
	return remaining(t.Lifetime, now.Round(0).Sub(t.arrived), now.Sub(t.since)) > margin(t.Lifetime)
}

// due returns how long it is until the renewal, by the same clocks.
func (t *held[H]) due(now time.Time) time.Duration {
	return remaining(t.renewal.Sub(t.arrived), now.Round(0).Sub(t.arrived), now.Sub(t.since))
}

// remaining returns what is left of a life, given the time since its begin by the wall and by the monotonic clock.
// The larger one counts. A wall clock that shows less than no time has been set back past the begin: nobody knows
// how long ago that was, and nothing is left.
func remaining(life, wall, monotonic time.Duration) time.Duration {
	if wall < 0 {
		return 0
	}
	return max(0, life-max(wall, monotonic))
}

// margin returns how much of a life is too little to set out with. It is never negative.
func margin(life time.Duration) time.Duration {
	return max(0, min(life/10, maxMargin))
}

// next returns when to renew a token that lives so long from then on. r in [0, 1) scatters it.
func next(arrived time.Time, life time.Duration, r float64) time.Time {
	return arrived.Add(time.Duration(float64(max(0, life)) * (renewFrom + (renewUntil-renewFrom)*r)))
}

const (
	firstBackoff  = 250 * time.Millisecond
	maxBackoff    = 30 * time.Second
	maxRetryAfter = 5 * time.Minute
)

// backoff returns how long to wait after the try of that number (from 0) failed: a random part, r in [0, 1), of a
// bound that doubles up to 30 s (full jitter), after whatever the issuer has asked for.
func backoff(try int, after time.Duration, r float64) time.Duration {
	bound := min(maxBackoff, firstBackoff<<min(try, 10))
	return min(max(0, after), maxRetryAfter) + time.Duration(float64(bound)*r)
}
