package auth

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"time"
)

const (
	// JWKSMaxAge is how long others may keep the published keys.
	JWKSMaxAge = 5 * time.Minute
	// keyAnnounced is how long a key is published before it signs. Then whoever keeps the published keys for no longer
	// than JWKSMaxAge has it, with as much to spare.
	keyAnnounced = 2 * JWKSMaxAge
	// keySlack is how much longer than the life of an access token a key verifies once another signs: a process may
	// learn of that as late as pollFresh, and its clock may differ.
	keySlack = endingSlack
	keySize  = 32 // bytes: of an Ed25519 seed (RFC 8032), and of a key for HMAC-SHA-256
)

// KeyPurpose says what a key signs.
type KeyPurpose string

// The purposes of keys.
const (
	KeyAccessTokens KeyPurpose = "access tokens" // Ed25519: one after another does it
	KeyFailedLogins KeyPurpose = "failed logins" // HMAC of the addresses that failures are counted under: there is one
	KeyDevices      KeyPurpose = "devices"       // HMAC of device cookies: there is one
)

// macPurposes are the purposes of keys for HMAC, with one key each.
var macPurposes = []KeyPurpose{KeyFailedLogins, KeyDevices}

// Key is the row of a key.
type Key struct {
	Number      int64 // 1, 2, 3 ...
	Purpose     KeyPurpose
	Public      []byte // of an Ed25519 pair; nil: nothing of it is, or the release that made it did not say
	Secret      []byte // 32 bytes, or these sealed
	SealedBy    string // the name of the master key that Secret is sealed with; "": none
	CreatedAt   time.Time
	ActivatesAt time.Time     // it signs from then on, until the next one does
	AccessTTL   time.Duration // the longest life of a token that it may have signed
	Exposed     bool          // Secret stands in the store in the clear, or may have: an earlier release made the key
}

// KeyChange is what happens to the keys. The zero KeyChange is nothing.
type KeyChange struct {
	Put    []Key   // in the place of the one with its number, or new
	Drop   []int64 // numbers
	Events []Event
}

// Empty reports whether c changes nothing.
func (c KeyChange) Empty() bool { return len(c.Put) == 0 && len(c.Drop) == 0 }

// on returns the keys with the change, whose Put are all new.
func (c KeyChange) on(keys []Key) []Key {
	left := slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return slices.Contains(c.Drop, k.Number) })
	return append(left, c.Put...)
}

// keyLine is the keys that sign access tokens in the order in which they do.
type keyLine struct {
	keys    []Key
	signing int // the index of the one that signs; those before are retired, those behind announced
}

// lineUp tells which key signs at now: by the rows and the database's clock alone, so that all processes agree.
func lineUp(now time.Time, keys []Key) keyLine {
	var l keyLine
	for _, k := range keys {
		if k.Purpose == KeyAccessTokens {
			l.keys = append(l.keys, k)
		}
	}
	slices.SortFunc(l.keys, func(a, b Key) int {
		return cmp.Or(a.ActivatesAt.Compare(b.ActivatesAt), cmp.Compare(a.Number, b.Number))
	})
	for i, k := range l.keys {
		if !k.ActivatesAt.After(now) {
			l.signing = i
		}
	}
	return l
}

// goneAt returns when the key i verifies nothing any more, because the last token that it may have signed has expired;
// zero: it has not been retired.
func (l keyLine) goneAt(i int) time.Time {
	if i >= l.signing {
		return time.Time{}
	}
	return l.keys[i+1].ActivatesAt.Add(l.keys[i].AccessTTL + keySlack)
}

// announced reports whether a key is waiting to sign.
func (l keyLine) announced() bool { return l.signing < len(l.keys)-1 }

// keyPolicy is how a process cares for the keys.
type keyPolicy struct {
	masters   MasterKeys
	maxAge    time.Duration // a key that has signed for so long is replaced; 0: never
	accessTTL time.Duration // of the tokens that this process signs; 0: it signs none
}

// care returns what is due at now: the first process that sees it does it.
func (p keyPolicy) care(now time.Time, keys []Key) (KeyChange, error) {
	for _, k := range keys {
		if err := p.masters.check(k); err != nil {
			return KeyChange{}, err
		}
	}
	c := KeyChange{Drop: p.exposed(keys)}
	left := c.on(keys)
	l := lineUp(now, left)
	for i, k := range l.keys {
		if gone := l.goneAt(i); !gone.IsZero() && !now.Before(gone) {
			c.Drop = append(c.Drop, k.Number)
		} else if kept, changed := p.keep(k, i >= l.signing); changed {
			c.Put = append(c.Put, kept)
		}
	}
	if from, due := p.due(now, l); due {
		k := p.newKey(KeyAccessTokens, next(keys), now, from)
		c.Put = append(c.Put, k)
		e := Event{Kind: EventKeyAnnounced, At: now, KeyID: kid(k.Public)}
		if len(keys) > len(left) {
			e.Kind = EventKeysReplaced
		}
		c.Events = append(c.Events, e)
	}
	for _, purpose := range macPurposes {
		if !slices.ContainsFunc(left, func(k Key) bool { return k.Purpose == purpose }) {
			c.Put = append(c.Put, p.newKey(purpose, next(slices.Concat(keys, c.Put)), now, now))
		}
	}
	return c, nil
}

// exposed returns the numbers of the keys that a process with a master key drops. Encrypting such a key in its place
// would not make it secret: its clear text stays in backups, in write-ahead logs, and in parts of the database's files
// that are free.
func (p keyPolicy) exposed(keys []Key) (numbers []int64) {
	if len(p.masters) == 0 {
		return nil
	}
	for _, k := range keys {
		if k.Exposed || k.SealedBy == "" {
			numbers = append(numbers, k.Number)
		}
	}
	return numbers
}

// due returns from when a new key is to sign access tokens, where one is to be made now: the first at once.
func (p keyPolicy) due(now time.Time, l keyLine) (from time.Time, due bool) {
	newest := len(l.keys) - 1
	if newest < 0 {
		return now, true
	}
	age := l.keys[newest].ActivatesAt.Add(p.maxAge - keyAnnounced)
	return now.Add(keyAnnounced), p.maxAge > 0 && !l.announced() && !now.Before(age)
}

// keep returns the row of a key as it should be, and whether it is not. A process that will sign with it has put down
// the life of its tokens before.
func (p keyPolicy) keep(k Key, signs bool) (Key, bool) {
	changed := false
	if k.Purpose == KeyAccessTokens && k.Public == nil && k.SealedBy == "" && len(k.Secret) == keySize {
		k.Public, changed = publicOf(k.Secret), true
	}
	if signs && k.Purpose == KeyAccessTokens && k.AccessTTL < p.accessTTL {
		k.AccessTTL, changed = p.accessTTL, true
	}
	return k, changed
}

// newKey makes a key.
func (p keyPolicy) newKey(purpose KeyPurpose, number int64, now, activates time.Time) Key {
	k := Key{Number: number, Purpose: purpose, Secret: make([]byte, keySize), CreatedAt: now, ActivatesAt: activates,
		Exposed: len(p.masters) == 0}
	_, _ = rand.Read(k.Secret) // it never fails (crypto/rand)
	if purpose == KeyAccessTokens {
		k.Public, k.AccessTTL = publicOf(k.Secret), p.accessTTL
	}
	return p.masters.seal(k)
}

// next returns a number that no key has.
func next(keys []Key) int64 {
	var last int64
	for _, k := range keys {
		last = max(last, k.Number)
	}
	return last + 1
}

func publicOf(seed []byte) []byte {
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}
