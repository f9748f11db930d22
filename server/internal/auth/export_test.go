package auth

import (
	"maps"

	"github.com/golang-jwt/jwt/v5"
)

// What the tests outside the package see of its inside.

type (
	Action   = action
	Decision struct {
		Action Action
		Reason Reason
		Change Change
	}
)

const (
	Refuse  = refuse
	Keep    = keep
	Rotate  = rotate
	Repeat  = repeat
	MoveOn  = moveOn
	Reuse   = reuse
	Corrupt = corrupt
)

func (a action) String() string {
	return [...]string{"refuse", "keep", "rotate", "repeat", "moveOn", "reuse", "corrupt"}[a]
}

func Decide(s Snapshot, hash [32]byte, p Policy, o RefreshOptions) Decision {
	d := decide(s, hash, p, o)
	return Decision{d.action, d.reason, d.change}
}

func (s *Service) SetPasswordCost(memory, passes uint32) error {
	h, err := newHasher(cost{memory: memory, time: passes, threads: 1})
	s.hasher = h
	return err
}

// TakeHashSlots takes every slot for hashing and returns how to give them back.
func (s *Service) TakeHashSlots() (release func()) {
	for range cap(s.hasher.slots) {
		s.hasher.slots <- struct{}{}
	}
	return func() {
		for range cap(s.hasher.slots) {
			<-s.hasher.slots
		}
	}
}

func ParseRefreshToken(s string) (string, bool) {
	t, ok := parseRefreshToken(s)
	if !ok {
		return "", false
	}
	return t.String(), true
}

func TokenID(s string) string {
	t, _ := parseRefreshToken(s)
	return t.id
}

func NewRefreshToken() string {
	t, err := newRefreshToken()
	if err != nil {
		panic(err)
	}
	return t.String()
}

// Seal and Unseal work on tokens as they stand in cookies.
func Seal(predecessor, next, sessionID string, generation int64) ([]byte, error) {
	p, _ := parseRefreshToken(predecessor)
	n, _ := parseRefreshToken(next)
	return seal(p.secret, n, sessionID, generation)
}

func Unseal(predecessor string, sealed []byte, next Token) (string, error) {
	p, _ := parseRefreshToken(predecessor)
	t, err := unseal(p.secret, sealed, next)
	return t.String(), err
}

func HashOf(token string) [32]byte {
	t, _ := parseRefreshToken(token)
	return t.hash()
}

// SignToken signs claims with the service's own key, under any header.
func (s *Service) SignToken(header map[string]any, claims map[string]any) string {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims(claims))
	t.Header["typ"], t.Header["kid"] = accessTokenType, s.keys.kid
	maps.Copy(t.Header, header)
	signed, err := t.SignedString(s.keys.private)
	if err != nil {
		panic(err)
	}
	return signed
}

func (s *Service) EndingsKnown() int {
	s.endings.mu.RLock()
	defer s.endings.mu.RUnlock()
	return len(s.endings.ended)
}

func MemoryKeeps(capacity, n int) (kept int, bounded bool) {
	m := newMemory[int, int](capacity)
	for i := range n {
		m.put(i, -i)
	}
	for i := range n {
		if v, ok := m.get(i); ok && v == -i {
			kept++
		}
	}
	return kept, len(m.young)+len(m.old) <= 2*capacity
}
