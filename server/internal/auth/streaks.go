package auth

import "time"

// Failures in a row on one account are counted beyond failureWindow too, until the next good login. After streakFree of
// them the wait grows with each failure: a patient attacker gets a hundred guesses, and then one a day (NIST
// SP 800-63B-4 §3.2.2 allows a hundred failures in a row). This holds for browsers that never logged in to the account.
// Email addresses without an account have streaks as well, or the wait would tell which have one.
//
// An attacker who tries many addresses leaves a row for each. Most have a few failures only, and go after streakBrief.
const (
	streakFree  = 100
	streakFirst = 15 * time.Minute // the wait after streakFree failures; it doubles with each more
	streakMost  = 24 * time.Hour   // the longest wait

	streakFew   = 10
	streakBrief = 7 * 24 * time.Hour  // how long fewer than streakFew failures are remembered after the last
	streakLong  = 90 * 24 * time.Hour // and more of them
)

var streak = &Streak{Wait: streakWait, Keep: streakKeep}

// streakWait is how long after the last of so many failures in a row the next try is refused.
func streakWait(failures int) time.Duration {
	if failures < streakFree {
		return 0
	}
	wait := streakFirst
	for range failures - streakFree {
		if wait *= 2; wait >= streakMost {
			return streakMost
		}
	}
	return wait
}

// streakKeep is how long after the last of so many failures in a row they are remembered.
func streakKeep(failures int) time.Duration {
	if failures < streakFew {
		return streakBrief
	}
	return streakLong
}
