package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
)

// A successor's secret is kept sealed under a key that only the predecessor's secret gives, so that whoever presents
// the predecessor can be handed the one successor again, by any process, and the database alone opens nothing.

// errChain says that the rows of a session do not lead from a token to its successor.
var errChain = errors.New("the seals of the session are broken")

// sealInfo separates this use of a secret from any other (RFC 5869 §3.2).
const sealInfo = "latchkey refresh token successor v2"

const sealedSize = madeSize + secretSize

// seal returns next's secret and when next was made, readable to the holder of the predecessor's secret and for this
// place in this session alone.
func seal(predecessor [secretSize]byte, next refreshToken) ([]byte, error) {
	aead, err := sealer(predecessor)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, append(appendMillis(nil, next.made), next.secret[:]...), sealedFor(next.session.String(), next.generation)), nil
}

// unseal returns the session's token whose row is next from its predecessor's secret and seal. It fails with errChain
// where they do not belong together.
func unseal(predecessor [secretSize]byte, sealed []byte, session SessionState, next Token) (refreshToken, error) {
	t := refreshToken{generation: next.Generation}
	aead, err := sealer(predecessor)
	if err != nil {
		return t, err
	}
	opened, err := aead.Open(nil, nil, sealed, sealedFor(session.ID, next.Generation))
	if err != nil || len(opened) != sealedSize {
		return t, errChain
	}
	t.made = millisOf(opened[:madeSize])
	copy(t.secret[:], opened[madeSize:])
	if h := t.hash(); subtle.ConstantTimeCompare(h[:], next.Hash) != 1 {
		return t, errChain
	}
	return t.tagged(session.TagKey, session.ID)
}

// currentToken walks the seals from the presented token to the session's current one.
func currentToken(presented refreshToken, s Snapshot) (refreshToken, error) {
	t, row := presented, s.Token
	for _, next := range s.Later {
		if next.Generation != row.Generation+1 {
			return t, errChain
		}
		var err error
		if t, err = unseal(t.secret, row.Sealed, s.Session, next); err != nil {
			return t, fmt.Errorf("generation %d: %w", row.Generation, err)
		}
		row = next
	}
	return t, nil
}

// sealer returns AES-256-GCM with a random nonce in front of each seal, under the predecessor's key.
func sealer(predecessor [secretSize]byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, predecessor[:], nil, sealInfo, 32)
	if err != nil {
		return nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealedFor is what a seal is bound to. Ids have a fixed length, so that no two pairs give the same text.
func sealedFor(sessionID string, generation int64) []byte {
	return fmt.Appendf(nil, "%s %d", sessionID, generation)
}
