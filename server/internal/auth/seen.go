package auth

import "sync"

// seenHalf bounds the memory of a seenSet: two halves of some hundred bytes for each of so many entries.
const seenHalf = 1 << 14

// generation names the tokens of one answer.
type generation struct {
	sessionID string
	number    int64
}

// seenSet remembers which generations this process has marked as seen, so that the mark costs one write and not one
// per request. It forgets the oldest when it is full: that costs a write more and changes nothing.
type seenSet struct {
	mu       sync.Mutex // guards both halves
	young    map[generation]struct{}
	old      map[generation]struct{}
	capacity int // of one half
}

func newSeenSet(capacity int) *seenSet {
	return &seenSet{young: map[generation]struct{}{}, capacity: capacity}
}

func (s *seenSet) has(g generation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.young[g]; ok {
		return true
	}
	_, ok := s.old[g]
	return ok
}

func (s *seenSet) add(g generation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= s.capacity {
		s.young, s.old = map[generation]struct{}{}, s.young
	}
	s.young[g] = struct{}{}
}
