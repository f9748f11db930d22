package hub

import (
	"context"

	"example.com/latchkey/shared/session"
)

// Heard takes the word of another worker of the same browser: the id of its session, or "" where it has none. Where
// the client's session is another, the server is asked whose the cookie is now, and the pages follow what it says.
//
// Anybody on the origin may say such a thing, so it is believed by nobody: words that are not so cost a question in
// five seconds at most, and are answered with what is so. Where no page is there, nobody is asked.
func (h *Hub) Heard(sessionID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = &sessionID
	if h.present != nil && h.session.State().SessionID != sessionID {
		h.doubting.soon()
	}
}

// doubt asks the server, where what was said last is still not what the client knows. The question stays asked until
// the server has spoken, or the last page has gone.
func (h *Hub) doubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.present == nil {
		return // and a token that is forgotten stays so
	}
	h.giveUp() // the question before this one: whoever waits for its answer is served by this one's
	ctx, giveUp := context.WithCancel(h.present)
	h.giveUp = giveUp
	said := *h.said
	h.running.Go(func() {
		defer giveUp()
		h.agree(ctx, func() bool { return h.session.State().SessionID == said })
	})
}

// tellOf tells the others of a state in which the server has spoken.
func (h *Hub) tellOf(s session.State) {
	if s.Phase != session.Unknown && s.Err == nil {
		h.say(s.SessionID)
	}
}

// say tells the others whose session the client has, unless that was said last, by whomever: so nobody answers who
// agrees, and a word that is not so is set right.
func (h *Hub) say(sessionID string) {
	h.mu.Lock()
	news := h.said == nil || *h.said != sessionID
	h.said = &sessionID
	h.mu.Unlock()
	if news {
		h.tell(sessionID)
	}
}
