package auth

import "sync"

// memoryHalf bounds a memory: two halves of some hundred bytes for each of so many entries.
const memoryHalf = 1 << 14

// memory remembers what is worth not asking again, for many goroutines. It forgets the oldest when it is full: what is
// forgotten costs the question once more and changes nothing.
type memory[K comparable, V any] struct {
	mu       sync.Mutex // guards both halves
	young    map[K]V
	old      map[K]V
	capacity int // of one half
}

func newMemory[K comparable, V any](capacity int) *memory[K, V] {
	return &memory[K, V]{young: map[K]V{}, capacity: capacity}
}

func (m *memory[K, V]) get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.young[k]; ok {
		return v, true
	}
	v, ok := m.old[k]
	return v, ok
}

func (m *memory[K, V]) has(k K) bool {
	_, ok := m.get(k)
	return ok
}

func (m *memory[K, V]) put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.young) >= m.capacity {
		m.young, m.old = map[K]V{}, m.young
	}
	m.young[k] = v
}
