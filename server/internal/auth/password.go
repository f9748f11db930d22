package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// cost is what one argon2id hash (RFC 9106) costs. It stands in each hash, so it can be raised for new ones at any
// time, and for old ones at their owner's next login.
type cost struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// defaultCost is the OWASP Password Storage Cheat Sheet's for argon2id with 19 MiB.
var defaultCost = cost{memory: 19 * 1024, time: 2, threads: 1}

const (
	saltSize = 16 // bytes, RFC 9106 §3.1
	hashSize = 32 // bytes
	maxCost  = 1 << 20
)

// hasher hashes passwords, a bounded number at once: each takes its memory while it runs, and a flood of logins must
// not take the machine's.
type hasher struct {
	cost  cost
	turns *turns
	dummy string // the hash of no password, to spend on unknown addresses the time that known ones take
}

func newHasher(c cost) (*hasher, error) {
	random := make([]byte, saltSize+hashSize)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	return &hasher{cost: c, turns: newHashTurns(), dummy: phc(c, random[:saltSize], random[saltSize:])}, nil
}

// hash returns the PHC string of the password with a new salt. It waits for its sender's turn, and fails where too many wait
// already (BUSY) or ctx ends.
func (h *hasher) hash(ctx context.Context, from sender, password string) (string, error) {
	done, err := h.turn(ctx, from)
	if err != nil {
		return "", err
	}
	defer done()
	return h.fresh(password)
}

// turn waits for a turn to hash. It fails with BUSY, or with ctx's error where that ends first.
func (h *hasher) turn(ctx context.Context, from sender) (done func(), err error) {
	done, err = h.turns.take(ctx, from)
	if errors.Is(err, errNoTurn) {
		err = &Error{Code: CodeRateLimited, Reason: ReasonBusy, RetryAfter: time.Second,
			Message: "Too many people are logging in at this moment. Please try again in a few seconds."}
	}
	return done, err
}

func (h *hasher) fresh(password string) (string, error) {
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	return phc(h.cost, salt, h.cost.key(normalPassword(password), salt)), nil
}

// verify reports whether the PHC string is the password's. Where it is, and was made at another cost than today's or of
// a password that was not normalised then, fresh is a new one. It waits as hash does.
func (h *hasher) verify(ctx context.Context, from sender, encoded, password string) (ok bool, fresh string, err error) {
	c, salt, want, err := parsePHC(encoded)
	if err != nil {
		return false, "", err
	}
	done, err := h.turn(ctx, from)
	if err != nil {
		return false, "", err
	}
	defer done()
	is := func(form string) bool { return subtle.ConstantTimeCompare(c.key(form, salt), want) == 1 }
	normal := normalPassword(password)
	switch {
	case is(normal):
		if c == h.cost {
			return true, "", nil
		}
	case normal == password || !is(password):
		return false, "", nil
	}
	fresh, err = h.fresh(password)
	return true, fresh, err
}

func (c cost) key(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, c.time, c.memory, c.threads, hashSize)
}

// phc writes a hash as a PHC string (the format of the Password Hashing Competition).
func phc(c cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// parsePHC reads what phc writes. Costs that no configuration has, which would take the memory or never end, are
// refused.
func parsePHC(s string) (c cost, salt, key []byte, err error) {
	fail := func(what string) (cost, []byte, []byte, error) {
		return cost{}, nil, nil, fmt.Errorf("stored password hash: %s", what)
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return fail("not argon2id of the version known here")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil {
		return fail("parameters not readable")
	}
	if c.memory < 8 || c.memory > maxCost || c.time < 1 || c.time > 64 || c.threads < 1 {
		return fail("parameters out of range")
	}
	b64 := base64.RawStdEncoding.Strict()
	if salt, err = b64.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return fail("salt not readable")
	}
	if key, err = b64.DecodeString(parts[5]); err != nil || len(key) != hashSize {
		return fail("hash not readable")
	}
	return c, salt, key, nil
}
