package hub

import "example.com/latchkey/shared/screen"

// Port is the way back to one page. Post must not block, and may be called from any goroutine.
type Port interface {
	Post(Message)
}

// Message is what a page is told: one of [Ready], [View] and [Patch]. None holds a token.
type Message interface{ message() }

// Ready says that the worker drives the page from now on.
type Ready struct{}

// View is a whole page, to be put in place.
type View struct {
	Call    int    // the call that it answers; 0: nobody asked, the session changed
	Path    string // where it stands
	Title   string
	HTML    string
	Session string // "none", "active" or "ended"
	User    string // the user's id, or ""
	Focus   string // the id of the element that gets the focus, or ""
}

// Patch is new content for one element of the page.
type Patch struct {
	ID   string
	HTML string
}

func (Ready) message() {}
func (View) message()  {}
func (Patch) message() {}

// Hello is how a page introduces itself: what the server rendered into it.
type Hello struct {
	Path    string
	Session string
	User    string
	ID      string // of the session; "" where the page does not say
	Hidden  bool   // nobody can see the page: see [Page.Sight]

	// Undecided says that the server could not tell whether there is a session: the client has to ask.
	Undecided bool
	Kept      screen.Kept // a post that the page holds for its author
}
