package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Why the keys in the database cannot be used.
var (
	// ErrNoMasterKey says that keys in the database are encrypted, and that no master key was given.
	ErrNoMasterKey = errors.New("the keys in the database are encrypted: their master key is needed")
	// ErrWrongMasterKey says that keys in the database are encrypted with another master key than the one given.
	ErrWrongMasterKey = errors.New("the keys in the database are encrypted with another master key")
	// ErrNotEncrypted says that a master key was given and that keys in the database are not encrypted, where encrypting
	// them is for the servers to do.
	ErrNotEncrypted = errors.New("the keys in the database are not encrypted: start every server with the master key first")
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

// MasterKey encrypts the keys that stand in the database. A nil one leaves them as they are.
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

// sealing returns the name of the master key, "" of none.
func (m *MasterKey) sealing() string {
	if m == nil {
		return ""
	}
	return m.name
}

// check fails where the key is sealed and m does not open it.
func (m *MasterKey) check(k Key) error {
	switch {
	case k.SealedBy == "" || k.SealedBy == m.sealing():
		return nil
	case m == nil:
		return ErrNoMasterKey
	}
	return ErrWrongMasterKey
}

// seal returns the key, whose secret is in the clear, with its secret encrypted.
func (m *MasterKey) seal(k Key) Key {
	if m != nil {
		k.Secret, k.SealedBy = m.aead.Seal(nil, nil, k.Secret, k.sealedFor()), m.name
	}
	return k
}

// open returns the secret of the key in the clear.
func (m *MasterKey) open(k Key) ([]byte, error) {
	if err := m.check(k); err != nil {
		return nil, err
	}
	secret := k.Secret
	if k.SealedBy != "" {
		var err error
		if secret, err = m.aead.Open(nil, nil, k.Secret, k.sealedFor()); err != nil {
			return nil, fmt.Errorf("key %d: %w", k.Number, errKey)
		}
	}
	if len(secret) != keySize {
		return nil, fmt.Errorf("key %d: %w", k.Number, errKey)
	}
	return secret, nil
}

// sealedFor is what a seal is bound to: a secret that is moved to another row opens nothing.
func (k Key) sealedFor() []byte { return []byte(string(k.Purpose) + " " + kid(k.Public)) }
