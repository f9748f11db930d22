package hub

import (
	"slices"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// What a history keeps at most. A picture shows two lives of a token, in which three or four of them begin, and one
// failed try every half a minute or so.
const (
	maxLives  = 8
	maxFaults = 32
)

// history is what the hub has seen of the session lately. It holds times and numbers, and no token.
type history struct {
	phase      session.Phase
	session    string // whose lives and faults these are
	generation int64  // of the last life
	lives      []ui.Life
	faults     []time.Time
	ended      *ui.EndedView // how the session before this one ended
}

// note takes a state that was just observed into the history.
func (h *Hub) note(s session.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now().Round(0)
	h.past.end(s, now)
	if s.Phase != session.Active {
		return
	}
	if s.SessionID != h.past.session {
		h.past.faults = nil
	}
	h.past.lives = last(h.past.with(s), maxLives)
	h.past.session, h.past.generation = s.SessionID, s.Claims.Generation
	if s.Err != nil {
		h.past.faults = last(append(h.past.faults, now), maxFaults)
	}
}

// with returns the lives with that of s at the end, where it is not there already.
func (h *history) with(s session.State) []ui.Life {
	if s.SessionID != h.session || len(h.lives) == 0 {
		return []ui.Life{{From: s.Arrived, Until: s.Expiry}}
	}
	before := h.lives[len(h.lives)-1]
	if before.From.Equal(s.Arrived) {
		return h.lives
	}
	// Whether the cookie was replaced no script can see; the generation tells.
	rotated := h.generation > 0 && s.Claims.Generation > h.generation
	life := ui.Life{Number: before.Number + 1, From: s.Arrived, Until: s.Expiry, Rotated: rotated}
	return append(slices.Clone(h.lives), life)
}

// end notes that there is no session any more, and that a token that was given up is gone.
func (h *history) end(s session.State, now time.Time) {
	before := h.phase
	h.phase = s.Phase
	if before != session.Active || s.Phase == session.Active {
		return
	}
	if n := len(h.lives); n > 0 && h.lives[n-1].Until.After(now) {
		h.lives[n-1].Until = now
	}
	if s.Phase == session.None || s.Phase == session.Ended {
		h.ended = &ui.EndedView{Reason: screen.Ending(s.Reason), At: now}
	}
}

// picture draws the history as of now.
func (h *history) picture(s session.State, grace time.Duration, now time.Time) ui.PictureView {
	v := ui.PictureView{
		Now: now.Round(0), Span: s.Expiry.Sub(s.Arrived), Next: s.NextRefresh, Failing: s.Err != nil, Grace: grace,
	}
	// The picture moves by a hundred and eightieth of its width at a time, which is some two pixels: so it stays the
	// same for seconds, and is sent anew only then.
	if step := (v.Span / 60).Truncate(time.Second); step > 0 {
		v.Now = v.Now.Add(step - 1).Truncate(step)
	}
	since := v.Now.Add(-2 * v.Span)
	v.Lives = slices.DeleteFunc(slices.Clone(h.with(s)), func(l ui.Life) bool {
		return !l.Until.After(since) && !l.From.Equal(s.Arrived)
	})
	v.Faults = slices.DeleteFunc(slices.Clone(h.faults), func(t time.Time) bool { return !t.After(since) })
	return v
}

// last returns the last n of list.
func last[T any](list []T, n int) []T { return list[max(0, len(list)-n):] }
