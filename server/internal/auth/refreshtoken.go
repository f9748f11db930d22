package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/google/uuid"
)

const (
	secretSize = 32 // random bytes in a refresh token
	idLen      = 36 // characters of a UUID
	secretLen  = 43 // characters of a secret: 32 bytes in base64url without padding
)

// secretEncoding is strict: a secret has one writing only.
var secretEncoding = base64.RawURLEncoding.Strict()

// refreshToken is a refresh token in the clear: `<id>.<secret>`. It never goes into a log or the database.
type refreshToken struct {
	id     string
	secret [secretSize]byte
}

// newRefreshToken makes a token that nobody can guess.
func newRefreshToken() (refreshToken, error) {
	id, err := newID()
	if err != nil {
		return refreshToken{}, err
	}
	t := refreshToken{id: id}
	_, err = rand.Read(t.secret[:])
	return t, err
}

// parseRefreshToken reads what a stranger sent. It accepts what String writes and nothing else.
func parseRefreshToken(s string) (refreshToken, bool) {
	var t refreshToken
	if len(s) != idLen+1+secretLen || s[idLen] != '.' {
		return t, false
	}
	id, err := uuid.Parse(s[:idLen])
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || id.String() != s[:idLen] {
		return t, false
	}
	// A character of 0x0a or 0x0d is skipped by the decoder: the length tells.
	n, err := secretEncoding.Decode(t.secret[:], []byte(s[idLen+1:]))
	if err != nil || n != secretSize {
		return refreshToken{}, false
	}
	t.id = s[:idLen]
	return t, true
}

// String returns the token as it stands in the cookie.
func (t refreshToken) String() string {
	return t.id + "." + secretEncoding.EncodeToString(t.secret[:])
}

// hash is what the database holds of the secret. The secret is random, so a plain digest is enough.
func (t refreshToken) hash() [sha256.Size]byte { return sha256.Sum256(t.secret[:]) }

// newID returns a new UUIDv7 (RFC 9562), the id of every row: later ids sort behind earlier ones.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
