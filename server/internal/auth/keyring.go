package auth

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"
)

const (
	lookPause = 100 * time.Millisecond // between two readings of the keys, whoever asks for them
	lookTime  = 5 * time.Second        // for one
)

// errNoSigner says that this process has no key to sign with.
var errNoSigner = errors.New("there is no key to sign access tokens with")

// ring is the keys for access tokens as they were at one moment. It does not change.
type ring struct {
	read    time.Time // when its reading began, by this process's clock
	kid     string    // of the key that signs
	private ed25519.PrivateKey
	header  string                       // of the tokens that it signs, encoded
	public  map[string]ed25519.PublicKey // by kid: the announced ones and the retired ones too
	lives   map[string]time.Duration     // by kid: the longest life of a token that the key may have signed
	macs    map[KeyPurpose][]byte        // the keys for HMAC
	jwks    []byte
	trouble error // why this process cannot sign, or soon will not
}

// keyring has the keys of the database. Signing and verifying take the ring that was read last, which the poll keeps
// fresh, and wait for nothing.
type keyring struct {
	policy keyPolicy
	store  Store
	log    *slog.Logger

	current atomic.Pointer[ring]

	turn    chan struct{}                 // holds one element while somebody reads: that one has what follows
	opened  map[string]ed25519.PrivateKey // by kid
	began   time.Time                     // the last reading
	failure error                         // of the last reading
}

// loadKeys reads the keys, and makes the first where there are none.
func loadKeys(ctx context.Context, store Store, p keyPolicy, log *slog.Logger) (*keyring, error) {
	k := &keyring{policy: p, store: store, log: log, turn: make(chan struct{}, 1)}
	k.current.Store(&ring{})
	err := p.masters.reseal(ctx, store)
	if err == nil {
		err = k.poll(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("load the signing keys: %w", err)
	}
	return k, nil
}

// longest returns the longest life of an access token that the keys which verify may have signed.
func (k *keyring) longest() (longest time.Duration) {
	for _, life := range k.current.Load().lives {
		longest = max(longest, life)
	}
	return longest
}

// mac returns the key for HMAC of this purpose.
func (k *keyring) mac(purpose KeyPurpose) []byte { return k.current.Load().macs[purpose] }

// poll reads the keys and does what is due to them.
func (k *keyring) poll(ctx context.Context) error {
	r, err := k.since(ctx, time.Now())
	if err != nil {
		return err
	}
	return r.trouble
}

// fresh returns a ring that the polls have not left behind.
func (k *keyring) fresh(ctx context.Context) (*ring, error) {
	if r := k.current.Load(); time.Since(r.read) < pollFresh {
		return r, nil
	}
	return k.since(ctx, time.Now().Add(-pollFresh))
}

// signer returns the ring to sign with. Where the store does not answer in time, what it said last does: the answer that
// is to be signed is in the store already and must not be lost, and of the failure the poll tells.
func (k *keyring) signer(ctx context.Context) *ring {
	if r, err := k.fresh(ctx); err == nil {
		return r
	}
	return k.current.Load()
}

// since returns a ring whose reading began after t. Where there is none it reads the store. Readings come one after
// the other with a pause between them, and each serves all who waited for it: any number of forged tokens causes no more.
func (k *keyring) since(ctx context.Context, t time.Time) (*ring, error) {
	if r := k.current.Load(); r.read.After(t) {
		return r, nil
	}
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !k.began.After(t) {
		pause := time.NewTimer(time.Until(k.began.Add(lookPause)))
		defer pause.Stop()
		select {
		case <-pause.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		k.began = time.Now()
		k.failure = k.read(context.WithoutCancel(ctx)) // others wait for it
	}
	if k.failure != nil {
		return nil, k.failure
	}
	return k.current.Load(), nil
}

func (k *keyring) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	keys, now, err := k.store.Keys(ctx)
	if err != nil {
		return err
	}
	due, trouble := k.policy.care(now, keys)
	if trouble == nil && !due.Empty() {
		exposed := 0
		if err := k.store.ChangeKeys(ctx, func(now time.Time, keys []Key) (KeyChange, error) {
			exposed = len(k.policy.exposed(keys))
			due, trouble = k.policy.care(now, keys)
			return due, trouble
		}); err != nil {
			return err
		}
		if exposed > 0 {
			k.log.Warn("keys that stood in the database in the clear, or may have, are dropped: new keys, encrypted with the master key, take their place", "dropped", exposed)
		}
		if keys, now, err = k.store.Keys(ctx); err != nil {
			return err
		}
	}
	return k.take(lineUp(now, keys), keys, trouble)
}

// take makes a ring of the keys.
func (k *keyring) take(l keyLine, keys []Key, trouble error) error {
	r := &ring{read: k.began, public: map[string]ed25519.PublicKey{}, lives: map[string]time.Duration{}, trouble: trouble}
	opened := map[string]ed25519.PrivateKey{}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	for i, key := range l.keys {
		if len(key.Public) != ed25519.PublicKeySize {
			r.trouble = fmt.Errorf("key %d: %w", key.Number, errKey)
			continue
		}
		j := newJWK(key.Public)
		r.public[j.Kid], r.lives[j.Kid] = key.Public, key.AccessTTL
		set.Keys = append(set.Keys, j)
		if i < l.signing {
			continue
		}
		private, err := k.open(j.Kid, key)
		if err != nil {
			r.trouble = err
			continue
		}
		opened[j.Kid] = private
		if i == l.signing {
			r.kid, r.private = j.Kid, private
			if r.header, err = tokenHeader(j.Kid); err != nil {
				return err
			}
		}
	}
	var err error
	if r.macs, err = k.openMACs(keys); err != nil {
		return err
	}
	if r.jwks, err = json.Marshal(set); err != nil {
		return err
	}
	if r.private == nil && r.trouble == nil {
		r.trouble = errNoSigner
	}
	k.tell(r)
	k.opened = opened
	k.current.Store(r)
	return nil
}

// openMACs returns the keys for HMAC. In the place of one that this process cannot open, the one that it knew before
// stays in use: what is counted under it is counted by this process alone. There being none before is an error.
func (k *keyring) openMACs(keys []Key) (map[KeyPurpose][]byte, error) {
	macs := map[KeyPurpose][]byte{}
	for _, key := range keys {
		if !slices.Contains(macPurposes, key.Purpose) {
			continue
		}
		secret, err := k.policy.masters.open(key)
		if err != nil {
			if secret = k.mac(key.Purpose); secret == nil {
				return nil, err
			}
		}
		macs[key.Purpose] = secret
	}
	return macs, nil
}

// open returns the private key of a row. One that was opened once is not looked at again: it stays good where the
// master key is another now.
func (k *keyring) open(kid string, key Key) (ed25519.PrivateKey, error) {
	if private, ok := k.opened[kid]; ok {
		return private, nil
	}
	seed, err := k.policy.masters.open(key)
	if err != nil {
		return nil, err
	}
	private := ed25519.NewKeyFromSeed(seed)
	if !bytes.Equal(private.Public().(ed25519.PublicKey), key.Public) {
		return nil, fmt.Errorf("key %d: %w", key.Number, errKey)
	}
	return private, nil
}

// tell logs what has changed since the last ring.
func (k *keyring) tell(r *ring) {
	was := k.current.Load()
	if was.kid != "" && was.kid != r.kid {
		k.log.Info("another key signs access tokens", "kid", r.kid)
	}
	for kid := range r.public {
		if was.public != nil && was.public[kid] == nil {
			k.log.Info("a key is published", "kid", kid)
		}
	}
	for kid := range was.public {
		if r.public[kid] == nil {
			k.log.Info("a key is dropped", "kid", kid)
		}
	}
}
