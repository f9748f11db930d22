package auth

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Why the keys in the database cannot be used.
var (
	// ErrNoMasterKey says that keys in the database are encrypted, and that no master key was given.
	ErrNoMasterKey = errors.New("the keys in the database are encrypted: their master key is needed")
	// ErrWrongMasterKey says that keys in the database are encrypted with another master key than those given.
	ErrWrongMasterKey = errors.New("the keys in the database are encrypted with another master key")
	// ErrNotEncrypted says that a master key was given and that keys in the database are not encrypted with it, where
	// encrypting them is for the servers to do.
	ErrNotEncrypted = errors.New("the keys in the database are not encrypted with the first master key: start every server with the same ones first")
)

// errKey says that a key's row does not hold what it should.
var errKey = errors.New("the row is damaged")

// MasterKeySize is the size of a master key in bytes.
const MasterKeySize = 32

// What the master key's own keys are for (RFC 5869 §3.2).
const (
	masterSealInfo = "latchkey keys in the database v1"
	masterNameInfo = "latchkey name of a master key v1"
)

// MasterKey encrypts the keys that stand in the database.
type MasterKey struct {
	aead cipher.AEAD // AES-256-GCM with a random nonce in front
	name string      // stands beside what it has sealed: so that a wrong one is known as that, and not as damage
}

// NewMasterKey returns the master key of MasterKeySize random bytes. It fails where there are not so many.
func NewMasterKey(random []byte) (*MasterKey, error) {
	if len(random) != MasterKeySize {
		return nil, fmt.Errorf("a master key has %d bytes, not %d", MasterKeySize, len(random))
	}
	key, err := hkdf.Key(sha256.New, random, nil, masterSealInfo, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	name, err := hkdf.Key(sha256.New, random, nil, masterNameInfo, 8)
	if err != nil {
		return nil, fmt.Errorf("derive a name: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &MasterKey{aead: aead, name: hex.EncodeToString(name)}, err
}

// MasterKeys are the master keys of a process: the first encrypts, and each opens what it has encrypted. So the master key
// is changed: every process gets the new one in front of the old, and then the new one alone. With none keys stand in the
// database as they are.
type MasterKeys []*MasterKey

// sealing returns the name of the master key that encrypts, "" of none.
func (m MasterKeys) sealing() string {
	if len(m) == 0 {
		return ""
	}
	return m[0].name
}

// check fails where the key is sealed and none of m opens it.
func (m MasterKeys) check(k Key) error {
	switch {
	case k.SealedBy == "" || m.named(k.SealedBy) != nil:
		return nil
	case len(m) == 0:
		return ErrNoMasterKey
	}
	return ErrWrongMasterKey
}

// fit fails where a key is not as a process with these master keys leaves it.
func (m MasterKeys) fit(keys []Key) error {
	for _, k := range keys {
		if err := m.check(k); err != nil {
			return err
		}
		if k.SealedBy != m.sealing() {
			return ErrNotEncrypted
		}
	}
	return nil
}

// named returns the master key of the name, nil where it is none of m.
func (m MasterKeys) named(name string) *MasterKey {
	for _, one := range m {
		if one.name == name {
			return one
		}
	}
	return nil
}

// seal returns the key, whose secret is in the clear, with its secret encrypted.
func (m MasterKeys) seal(k Key) Key {
	if len(m) > 0 {
		k.Secret, k.SealedBy = m[0].aead.Seal(nil, nil, k.Secret, k.sealedFor()), m[0].name
	}
	return k
}

// open returns the secret of the key in the clear.
func (m MasterKeys) open(k Key) ([]byte, error) {
	if err := m.check(k); err != nil {
		return nil, err
	}
	secret := k.Secret
	if k.SealedBy != "" {
		var err error
		if secret, err = m.named(k.SealedBy).aead.Open(nil, nil, k.Secret, k.sealedFor()); err != nil {
			return nil, fmt.Errorf("key %d: %w", k.Number, errKey)
		}
	}
	if len(secret) != keySize {
		return nil, fmt.Errorf("key %d: %w", k.Number, errKey)
	}
	return secret, nil
}

// reseal has the first master key encrypt what another of them has. Processes do it when they start and at no other
// time: two with the same master keys in another order would do it for ever.
func (m MasterKeys) reseal(ctx context.Context, store Store) error {
	if len(m) < 2 {
		return nil
	}
	keys, _, err := store.Keys(ctx)
	if err != nil {
		return err
	}
	if due, err := m.resealed(keys); err != nil || due.Empty() {
		return err
	}
	return store.ChangeKeys(ctx, func(_ time.Time, keys []Key) (KeyChange, error) { return m.resealed(keys) })
}

func (m MasterKeys) resealed(keys []Key) (c KeyChange, err error) {
	for _, k := range keys {
		if k.SealedBy == "" || k.SealedBy == m.sealing() {
			continue
		}
		if k.Secret, err = m.open(k); err != nil {
			return KeyChange{}, err
		}
		c.Put = append(c.Put, m.seal(k))
	}
	return c, nil
}

// sealedFor is what a seal is bound to: a secret that is moved to another row opens nothing.
func (k Key) sealedFor() []byte { return []byte(string(k.Purpose) + " " + kid(k.Public)) }
