package simulation

import (
	"time"
)

// thefts watches what a thief does to one session, and whether the thief is caught as package auth promises ("What
// holds"). The owner is away from a moment where no refresh of the owner's, by client or page, was answered within G of
// it. Then:
//
//   - A: a thief shows a token that is later than the one in the owner's jar, or uses an access token of one. The
//     next refresh of the owner's client, more than G after that, finds the session ended for reuse, or ends it. A page
//     of the owner's in between is undecided (P): it is not answered, and changes nothing.
//   - B: a thief shows a token that was made for the thief, and is not later than the one in the owner's jar, while the
//     owner's has been in use for more than G. Shown to the API, that ends the session at once. Shown to a page it is
//     undecided: the thief gets nothing for it.
//
// A token is made for the thief where the thief was the first to be sent it, and no answer to the owner carried it
// within G of one to the thief: that would be the lock-step that nobody can tell from an honest race. What is left out
// of B, a token of the owner's that was never used, is what package auth calls not found out: to the server it is an
// honest page whose answer was lost.
type thefts struct {
	owner   time.Time // the last refresh of the owner's that reached the server; zero: none yet
	sent    map[int64]*carried
	pending *showing // A: waits for the owner's next refresh
	due     string   // what is to be ended by the request at hand, for this reason; "": nothing
}

// carried says who was sent a token.
type carried struct {
	byThief bool      // was sent it first
	last    time.Time // to the thief
	shared  bool      // the owner was sent it too, within G
}

// showing is the use of a later token by a thief.
type showing struct {
	at    time.Time
	token generation
}

func newThefts() thefts { return thefts{sent: map[int64]*carried{}} }

// before looks at a request that is about to be judged.
func (h *thefts) before(o *watch, s *sitting, m *message, shown generation) {
	h.due = ""
	now := time.Now()
	live := s.now.endedAt.IsZero()
	if !m.from.thief {
		if m.kind != refresh && m.kind != page {
			return
		}
		if p := h.pending; p != nil && now.Sub(p.at) > grace+time.Millisecond {
			h.due = "a thief has used " + p.token.String()
		}
		return
	}
	held := o.names[s.owner.jar.value()]
	c := h.sent[shown.number]
	if !live || now.Sub(h.owner) <= grace || held.session != s.id || shown.number > held.number ||
		m.kind == query || c == nil || !c.byThief || c.shared {
		return
	}
	if at, ok := o.seen(held); ok && now.Sub(at) > grace+time.Millisecond {
		h.due = "a thief shows " + shown.String() + ", which was the thief's"
	}
}

// after looks at what became of the request.
func (h *thefts) after(o *watch, s *sitting, m *message, shown, set generation, answered bool) {
	now := time.Now()
	switch {
	case h.due == "", m.undecided: // an undecided page finds the theft, and leaves it to the client
	case s.now.endedAt.IsZero(), s.now.reason != "TOKEN_REUSED" && !s.owner.left():
		o.w.fail(m.who, "theft unnoticed: %s", h.due)
	default:
		o.w.count(func(t *tally) { t.thefts++ })
	}
	if !m.from.thief && (m.kind == refresh || m.kind == page) && !m.undecided {
		h.pending, h.owner = nil, now
	}
	h.carry(m, set, now)
	held := o.names[s.owner.jar.value()]
	if m.from.thief && answered && s.now.endedAt.IsZero() && h.pending == nil && now.Sub(h.owner) > grace &&
		held.session == s.id && shown.number > held.number {
		h.pending = &showing{now, shown}
	}
}

// carry remembers whom an answer with a token went to.
func (h *thefts) carry(m *message, set generation, now time.Time) {
	if set.session == "" {
		return
	}
	c := h.sent[set.number]
	switch {
	case c == nil:
		h.sent[set.number] = &carried{byThief: m.from.thief, last: now}
	case m.from.thief:
		c.last = now
	case now.Sub(c.last) <= grace:
		c.shared = true
	}
}
