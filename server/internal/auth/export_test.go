package auth

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
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
	Refuse    = refuse
	Keep      = keep
	Rotate    = rotate
	Repeat    = repeat
	MoveOn    = moveOn
	Reuse     = reuse
	Undecided = undecided
	Corrupt   = corrupt
)

func (a action) String() string {
	return [...]string{"refuse", "keep", "rotate", "repeat", "moveOn", "reuse", "undecided", "corrupt"}[a]
}

// Decide judges the presentation of a token as it stands in a cookie.
func Decide(s Snapshot, token string, p Policy, o RefreshOptions) Decision {
	t, ok := parseRefreshToken(token)
	if !ok {
		panic("not a token")
	}
	d := decide(s, t, p, o)
	return Decision{d.action, d.reason, d.change}
}

func (s *Service) SetPasswordCost(memory, passes uint32) error {
	h, err := newHasher(cost{memory: memory, time: passes, threads: 1})
	s.hasher = h
	return err
}

// TakeHashSlots takes every slot for hashing and returns how to give them back.
func (s *Service) TakeHashSlots() (release func()) {
	t := s.hasher.turns
	var done []func()
	for range s.HashSlots() {
		d, err := t.take(context.Background(), sender{})
		if err != nil {
			panic(err)
		}
		done = append(done, d)
	}
	return func() {
		for _, d := range done {
			d()
		}
	}
}

// HashSlots returns how many hashes may run now.
func (s *Service) HashSlots() int {
	s.hasher.turns.mu.Lock()
	defer s.hasher.turns.mu.Unlock()
	return s.hasher.turns.free
}

// HashesQueued returns how many hashes wait for their turn.
func (s *Service) HashesQueued() int {
	t := s.hasher.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.strangers.waiting) + len(t.known.waiting)
}

// Queue is a queue of requests that tests name by numbers.
type Queue struct {
	queue
	waiters map[int]*waiter
}

func NewQueue(most int) *Queue { return &Queue{*newQueue(most), map[int]*waiter{}} }

// Enter adds a request from the address, and returns the one that has lost its place, or -1.
func (q *Queue) Enter(n int, ip string) int {
	w := &waiter{turn: make(chan struct{})}
	q.waiters[n] = w
	return q.remove(q.enter(w, groupsOf(ip)))
}

// Next returns the request whose turn it is, or -1.
func (q *Queue) Next() int { return q.remove(q.next()) }

// Leave takes a request out.
func (q *Queue) Leave(n int) bool {
	w := q.waiters[n]
	return q.remove(w) == n && q.leave(w)
}

func (q *Queue) remove(w *waiter) int {
	for n, x := range q.waiters {
		if x == w {
			delete(q.waiters, n)
			return n
		}
	}
	return -1
}

// Sizes returns how many requests wait and how many groups are kept for them.
func (q *Queue) Sizes() (waiting, groups int) { return len(q.waiting), len(q.groups) }

// RawHash is the hash of the password as it is written, at the cost that the tests set.
func RawHash(password string) string {
	c, salt := cost{memory: 64, time: 1, threads: 1}, make([]byte, saltSize)
	return phc(c, salt, c.key(password, salt))
}

func ParseRefreshToken(s string) (string, bool) {
	t, ok := parseRefreshToken(s)
	if !ok {
		return "", false
	}
	return t.String(), true
}

// TokenName is how logs and evidence speak of a token.
func TokenName(s string) string {
	t, _ := parseRefreshToken(s)
	return t.name()
}

// Place is a token's session and generation.
func Place(s string) (session string, generation int64) {
	t, _ := parseRefreshToken(s)
	return t.session.String(), t.generation
}

// MakeToken makes a token with the given secret.
func MakeToken(tagKey []byte, sessionID string, generation int64, made time.Time, secret [32]byte) string {
	t, err := refreshToken{generation: generation, made: made, secret: secret}.tagged(tagKey, sessionID)
	if err != nil {
		panic(err)
	}
	return t.String()
}

// KnownUnder reports whether a token that was made with a key of so many bytes is known under it.
func KnownUnder(size int) bool {
	key := make([]byte, size)
	t := refreshToken{session: uuid.New(), generation: 1}
	t.tag = t.computeTag(key)
	return t.authentic(key, t.session.String())
}

// NewRefreshToken makes a token of a session that is not known to anybody.
func NewRefreshToken() string {
	session, idErr := newID()
	key, keyErr := newTagKey()
	t, err := newRefreshToken(key, session, 1, time.Now())
	if err := errors.Join(idErr, keyErr, err); err != nil {
		panic(err)
	}
	return t.String()
}

// StreakWait is how long after the last of so many failures in a row the next try is refused.
func StreakWait(failures int) time.Duration { return streakWait(failures) }

// DeviceEntry makes an entry of a device cookie for the account, as the service would have at the time.
func (s *Service) DeviceEntry(userID, sessionID string, made time.Time) string {
	return s.devices().of(userID, sessionID, made).String()
}

// Seal and Unseal work on tokens as they stand in cookies.
func Seal(predecessor, next string) ([]byte, error) {
	p, _ := parseRefreshToken(predecessor)
	n, _ := parseRefreshToken(next)
	return seal(p.secret, n)
}

func Unseal(predecessor string, sealed []byte, session SessionState, next Token) (string, error) {
	p, _ := parseRefreshToken(predecessor)
	t, err := unseal(p.secret, sealed, session, next)
	return t.String(), err
}

func HashOf(token string) [32]byte {
	t, _ := parseRefreshToken(token)
	return t.hash()
}

// SignToken signs claims with the service's own key, under any header.
func (s *Service) SignToken(header map[string]any, claims map[string]any) string {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims(claims))
	t.Header["typ"], t.Header["kid"] = accessTokenType, s.keys.current.Load().kid
	maps.Copy(t.Header, header)
	signed, err := t.SignedString(s.keys.current.Load().private)
	if err != nil {
		panic(err)
	}
	return signed
}

// Note has something refused to whoever the event says.
func (s *Service) Note(e Event) error { return s.trail.note(e) }

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
