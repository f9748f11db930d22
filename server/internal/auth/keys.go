package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// jwk is a public key in JSON (RFC 7517, and RFC 8037 for its kind).
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
}

func newJWK(public ed25519.PublicKey) jwk {
	return jwk{
		Kty: "OKP", Crv: "Ed25519", X: base64.RawURLEncoding.EncodeToString(public), Use: "sig", Alg: "EdDSA",
		Kid: kid(public),
	}
}

// kidLength is the length of a key's name.
const kidLength = 43

// kid names a key by its thumbprint (RFC 7638, RFC 8037 appendix A.3), so that every process names it alike; "": it has
// nothing public.
func kid(public ed25519.PublicKey) string {
	if public == nil {
		return ""
	}
	x := base64.RawURLEncoding.EncodeToString(public)
	thumbprint := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(thumbprint[:])
}

// JWKS returns the public keys that verify access tokens, now or soon, as a JSON Web Key Set (RFC 7517). It may be kept
// for JWKSMaxAge.
func (s *Service) JWKS() []byte { return s.keys.current.Load().jwks }

// KeyState is where a key is in its life.
type KeyState string

// The states of keys. One that is gone has none.
const (
	KeyAnnounced KeyState = "announced" // published, and does not sign yet
	KeySigning   KeyState = "signing"
	KeyRetired   KeyState = "retired" // verifies what it has signed
)

// KeyInfo is what may be told of a signing key.
type KeyInfo struct {
	Kid        string // "": it was made by an earlier release, and no server of this one has started yet
	State      KeyState
	Encrypted  bool
	CreatedAt  time.Time
	SignsFrom  time.Time
	SignsUntil time.Time // zero: no key is there to replace it
	GoneAt     time.Time // when a retired key has nothing left to verify
}

func (l keyLine) info(i int) KeyInfo {
	k := l.keys[i]
	info := KeyInfo{Kid: kid(k.Public), State: KeySigning, Encrypted: k.SealedBy != "",
		CreatedAt: k.CreatedAt, SignsFrom: k.ActivatesAt, GoneAt: l.goneAt(i)}
	switch {
	case i < l.signing:
		info.State = KeyRetired
	case i > l.signing:
		info.State = KeyAnnounced
	}
	if i+1 < len(l.keys) {
		info.SignsUntil = l.keys[i+1].ActivatesAt
	}
	return info
}

// ListKeys returns the signing keys of the store in the order in which they sign. It needs no master key.
func ListKeys(ctx context.Context, store Store) ([]KeyInfo, error) {
	keys, now, err := store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	var all []KeyInfo
	l := lineUp(now, keys)
	for i := range l.keys {
		all = append(all, l.info(i))
	}
	return all, nil
}

// RotateKeys announces a new signing key, which every process on the store takes up by itself, and returns it. Where
// one is announced already, that one is returned and nothing happens; the first one signs at once. The master keys are
// those of the servers, none where they have none; it fails with ErrNoMasterKey, ErrWrongMasterKey or ErrNotEncrypted
// where they are not.
func RotateKeys(ctx context.Context, store Store, masters MasterKeys) (KeyInfo, error) {
	return addKey(ctx, store, masters, func(now time.Time, l keyLine) (time.Time, KeyChange) {
		if l.announced() {
			return time.Time{}, KeyChange{}
		}
		from := now
		if len(l.keys) > 0 {
			from = now.Add(keyAnnounced)
		}
		return from, KeyChange{Events: []Event{{Kind: EventKeyAnnounced, At: now}}}
	})
}

// ReplaceKeys makes a new signing key that signs at once, and drops all others: for when one has come into wrong hands.
// Every process refuses what they signed within a second. It fails as RotateKeys does.
func ReplaceKeys(ctx context.Context, store Store, masters MasterKeys) (KeyInfo, error) {
	return addKey(ctx, store, masters, func(now time.Time, l keyLine) (time.Time, KeyChange) {
		c := KeyChange{Events: []Event{{Kind: EventKeysReplaced, At: now}}}
		for _, k := range l.keys {
			c.Drop = append(c.Drop, k.Number)
		}
		return now, c
	})
}

// addKey makes a key that signs from when step says, unless that is the zero time, with the change that step returns
// beside it. It returns the newest key.
func addKey(ctx context.Context, store Store, masters MasterKeys, step func(time.Time, keyLine) (time.Time, KeyChange)) (KeyInfo, error) {
	var newest KeyInfo
	err := store.ChangeKeys(ctx, func(now time.Time, keys []Key) (KeyChange, error) {
		for _, k := range keys {
			if err := masters.check(k); err != nil {
				return KeyChange{}, err
			}
			if k.SealedBy != masters.sealing() {
				return KeyChange{}, ErrNotEncrypted
			}
		}
		l := lineUp(now, keys)
		from, c := step(now, l)
		if !from.IsZero() {
			made := keyPolicy{masters: masters}.newKey(KeyAccessTokens, next(keys), now, from)
			c.Put = []Key{made}
			for i := range c.Events {
				c.Events[i].KeyID = kid(made.Public)
			}
			l = lineUp(now, c.on(keys))
		}
		newest = l.info(len(l.keys) - 1)
		return c, nil
	})
	return newest, err
}
