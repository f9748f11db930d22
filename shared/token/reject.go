package token

import "time"

// standing is how long a token that took the place of a rejected one cannot be rejected itself.
const standing = 10 * time.Second

// Reject says that the server did not take a token that Token gave out, and reports whether Token gives another now.
// Unless it has been replaced already, it is not given out again, and the next Token fetches another.
//
// A token that took the place of a rejected one less than ten seconds ago stands: its issuer knows it to be good, so
// yet another would meet the same server with the same answer. However many requests that server refuses, it causes
// no more than one fetch in that time.
func (k *Keeper[H]) Reject(s Secret) (another bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held == nil || k.held.Secret != s {
		return true
	}
	if !k.held.stands(time.Now()) {
		k.held.rejected = true
	}
	return k.held.rejected
}

// stands reports whether the token is too young to be rejected.
func (t *held[H]) stands(now time.Time) bool {
	return t.instead && remaining(standing, now.Round(0).Sub(t.arrived), now.Sub(t.since)) > 0
}
