package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
)

const (
	secretSize = 32 // random bytes in a refresh token
	tagSize    = 16 // bytes of an HMAC-SHA256: to guess 128 bits is out of reach (RFC 2104 §5 asks for half the digest)
	tagKeySize = 32 // random bytes, of each session

	madeSize  = 6                   // bytes of a time in milliseconds
	claimSize = 16 + 4 + madeSize   // session, generation and time
	idSize    = claimSize + tagSize // a multiple of 3: base64 leaves no bits over
	idLen     = 56                  // characters of an id: 42 bytes in base64url
	secretLen = 43                  // characters of a secret: 32 bytes in base64url without padding
)

// tokenEncoding is strict: a token has one writing only.
var tokenEncoding = base64.RawURLEncoding.Strict()

// refreshToken is a refresh token in the clear: `<id>.<secret>`. It never goes into a log or the database. Its id says
// which token it is, and proves it:
//
//	session    generation          made        tag
//	16 bytes   4, big endian       6, in ms    16: HMAC-SHA256 of the rest and the secret's hash, cut
//
// The key of the tag is the session's own, so that a token is known as one of ours for longer than its row is kept.
type refreshToken struct {
	session    uuid.UUID
	generation int64
	made       time.Time // Snapshot.Now at its making
	tag        [tagSize]byte
	secret     [secretSize]byte
}

// newTagKey makes the key under which a new session's tokens are tagged.
func newTagKey() ([]byte, error) {
	key := make([]byte, tagKeySize)
	_, err := rand.Read(key)
	return key, err
}

// newRefreshToken makes a token that nobody can guess.
func newRefreshToken(tagKey []byte, sessionID string, generation int64, made time.Time) (refreshToken, error) {
	t := refreshToken{generation: generation, made: made}
	if _, err := rand.Read(t.secret[:]); err != nil {
		return t, err
	}
	return t.tagged(tagKey, sessionID)
}

// tagged returns the token with its session and its tag.
func (t refreshToken) tagged(tagKey []byte, sessionID string) (refreshToken, error) {
	var err error
	if t.session, err = uuid.Parse(sessionID); err != nil {
		return t, fmt.Errorf("id of a session: %w", err)
	}
	if len(tagKey) != tagKeySize {
		return t, errors.New("a session has no key for its tokens")
	}
	if t.generation < 1 || t.generation > math.MaxUint32 {
		return t, fmt.Errorf("a session's refresh token cannot be number %d", t.generation)
	}
	t.tag = t.computeTag(tagKey)
	return t, nil
}

// authentic reports whether the token was made with this key, and for this session.
func (t refreshToken) authentic(tagKey []byte, sessionID string) bool {
	want := t.computeTag(tagKey)
	return len(tagKey) == tagKeySize && t.session.String() == sessionID && hmac.Equal(t.tag[:], want[:])
}

func (t refreshToken) computeTag(tagKey []byte) (tag [tagSize]byte) {
	mac := hmac.New(sha256.New, tagKey)
	hash := t.hash()
	var claim [claimSize]byte
	mac.Write([]byte("latchkey refresh token tag v1")) // what a key is used for stands in front: of fixed length, as all the rest
	mac.Write(t.appendClaim(claim[:0]))
	mac.Write(hash[:])
	copy(tag[:], mac.Sum(nil))
	return tag
}

// appendClaim appends what the id says.
func (t refreshToken) appendClaim(b []byte) []byte {
	b = append(b, t.session[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(t.generation)) // #nosec G115 -- newRefreshToken refuses more
	return appendMillis(b, t.made)
}

// appendMillis appends a time in 48 bits of milliseconds: they last until the year 10889.
func appendMillis(b []byte, at time.Time) []byte {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli())) // #nosec G115 -- no token is from before 1970
	return append(b, ms[2:]...)
}

func millisOf(b []byte) time.Time {
	var ms [8]byte
	copy(ms[2:], b)
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC() // #nosec G115 -- of the eight bytes two are zero
}

// parseRefreshToken reads what a stranger sent. It accepts what String writes and nothing else; whether the id is one
// of ours, its session knows.
func parseRefreshToken(s string) (refreshToken, bool) {
	var (
		t  refreshToken
		id [idSize]byte
	)
	if len(s) != idLen+1+secretLen || s[idLen] != '.' || !decode(id[:], s[:idLen]) || !decode(t.secret[:], s[idLen+1:]) {
		return refreshToken{}, false
	}
	copy(t.session[:], id[:16])
	t.generation = int64(binary.BigEndian.Uint32(id[16:20]))
	t.made = millisOf(id[20:claimSize])
	copy(t.tag[:], id[claimSize:])
	return t, t.generation > 0
}

// decode fills to. A character of 0x0a or 0x0d is skipped by the decoder: the length tells.
func decode(to []byte, s string) bool {
	n, err := tokenEncoding.Decode(to, []byte(s))
	return err == nil && n == len(to)
}

// String returns the token as it stands in the cookie.
func (t refreshToken) String() string {
	id := append(t.appendClaim(make([]byte, 0, idSize)), t.tag[:]...)
	return tokenEncoding.EncodeToString(id) + "." + tokenEncoding.EncodeToString(t.secret[:])
}

// hash is what the database holds of the secret. The secret is random, so a plain digest is enough.
func (t refreshToken) hash() [sha256.Size]byte { return sha256.Sum256(t.secret[:]) }

// name is how logs and evidence speak of the token: it gives nothing to whoever reads it.
func (t refreshToken) name() string { return tokenName(t.session.String(), t.generation) }

func tokenName(sessionID string, generation int64) string {
	return fmt.Sprintf("%s/%d", sessionID, generation)
}

// newID returns a new UUIDv7 (RFC 9562), the id of a row: later ids sort behind earlier ones.
func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
