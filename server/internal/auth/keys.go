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
	var newest KeyInfo
	err := store.ChangeKeys(ctx, func(now time.Time, keys []Key) (c KeyChange, err error) {
		if err := masters.fit(keys); err != nil {
			return c, err
		}
		l := lineUp(now, keys)
		if !l.announced() {
			from := now
			if len(l.keys) > 0 {
				from = now.Add(keyAnnounced)
			}
			made := keyPolicy{masters: masters}.newKey(KeyAccessTokens, next(keys), now, from)
			c.Put = []Key{made}
			c.Events = []Event{{Kind: EventKeyAnnounced, At: now, KeyID: kid(made.Public)}}
			l = lineUp(now, c.on(keys))
		}
		newest = l.info(len(l.keys) - 1)
		return c, nil
	})
	return newest, err
}

// ReplaceKeys makes new keys, of which one signs at once, and drops all others, of every purpose: for when one may have
// come into wrong hands. Every process refuses what they signed within a second. It fails as RotateKeys does.
func ReplaceKeys(ctx context.Context, store Store, masters MasterKeys) (KeyInfo, error) {
	return replaceKeys(ctx, store, masters, masters.fit, Event{})
}

// replaceKeys is ReplaceKeys where fit finds nothing wrong with the keys that are there. The entry in the audit record
// has what e says besides.
func replaceKeys(ctx context.Context, store Store, masters MasterKeys, fit func([]Key) error, e Event) (made KeyInfo, err error) {
	p := keyPolicy{masters: masters}
	err = store.ChangeKeys(ctx, func(now time.Time, keys []Key) (c KeyChange, err error) {
		if err := fit(keys); err != nil {
			return c, err
		}
		for _, k := range keys {
			c.Drop = append(c.Drop, k.Number)
		}
		for i, purpose := range append([]KeyPurpose{KeyAccessTokens}, macPurposes...) {
			c.Put = append(c.Put, p.newKey(purpose, next(keys)+int64(i), now, now))
		}
		made = lineUp(now, c.Put).info(0)
		e.Kind, e.At, e.KeyID = EventKeysReplaced, now, made.Kid
		c.Events = []Event{e}
		return c, nil
	})
	return made, err
}
