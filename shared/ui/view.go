package ui

import "time"

// Frame is what every page has around its own content.
type Frame struct {
	// Path is the current path, e.g. "/posts". Forms of the frame post to it,
	// and it marks the current link of the navigation.
	Path string
	// Title is the document's title, without the product's name. App does not
	// print it: the shell and the client do.
	Title string
	// User is who is logged in, nil where nobody is.
	User *User
	// Notice is a sentence about what just happened, such as why the session
	// has ended; "" for none.
	Notice string
	// Token is what the token region shows. It is drawn only if User is set.
	Token TokenView
}

// User is the logged-in user as pages show one.
type User struct {
	ID, Name, Email string
}

// TokenView is the state of the access token, without the token.
type TokenView struct {
	// Running is false where the server rendered the page and the client is
	// not there yet: then the region shows dashes and the fields below are
	// not looked at.
	Running bool
	// Expiry and Next are the times to expiry and to the next refresh, as
	// minutes and seconds: "4:31".
	Expiry, Next string
	// Refreshes counts the refreshes since the client started.
	Refreshes int
	// Check is the last search of the page's storage, nil before the first.
	Check *CheckView
	// Claims and Picture are drawn also where Running is false, empty then in
	// the region, and with the server's own token on the page HowItWorks.
	Claims  ClaimsView
	Picture PictureView
	// Ended is how the session before this one ended, nil where none did.
	Ended *EndedView
}

// EndedView is the end of a session, as the client heard of it.
type EndedView struct {
	Reason string // a sentence
	At     time.Time
}

// CheckView is the outcome of a search of the page's storage for the token.
type CheckView struct {
	Places []Place
}

// Place is one place that was searched, such as "localStorage".
type Place struct {
	Name string
	// Searched is how many values were looked at, Found how many of them held
	// a token.
	Searched, Found int
}

// Totals returns the number of values searched and the number of those that
// held a token, over all places.
func (v CheckView) Totals() (searched, found int) {
	for _, p := range v.Places {
		searched += p.Searched
		found += p.Found
	}
	return searched, found
}

// FormError is what is wrong with a form that was sent. The zero value is no
// error. The first field that is wrong has the autofocus attribute. To move
// the focus by hand: a field's id is its name, the alert's is "form-error".
type FormError struct {
	// Alert is a sentence about the whole form; "" for none.
	Alert string
	// Fields maps a field's name, as the form sends it, to what is wrong with
	// it.
	Fields map[string]string
}

// None reports whether nothing is wrong.
func (e FormError) None() bool { return e.Alert == "" && len(e.Fields) == 0 }

// LoginView is the login form. It may stand at the path of any restricted
// page, and posts to that path.
type LoginView struct {
	Path  string
	Email string // kept input
	Kept  []Kept
	Error FormError
}

// Kept is what was typed into another form, which the login form holds until
// its author is back.
type Kept struct{ Name, Value string }

// SignupView is the form that creates an account.
type SignupView struct {
	Path        string
	Name, Email string // kept input
	Error       FormError
}

// PostsView is the page of the user's posts, newest first.
type PostsView struct {
	Path        string
	User        string // the id of the author: what is typed is that user's
	Posts       []Post
	Title, Body string // kept input
	Error       FormError
	// Older is the path of the page after this one, Newer that of the first,
	// where the newest are; "" for none.
	Older, Newer string
	// Unavailable says that the posts could not be loaded, which is not to have none.
	Unavailable bool
}

// Post is one post.
type Post struct {
	ID, Title, Body string
	CreatedAt       time.Time
}

// AccountView is the page of the user's sessions and password. The fields of
// its form error are "current" and "new". With one of them set, the alert
// stands in the form; without, at the top of the page.
type AccountView struct {
	Path string
	// User is whose account it is; nil leaves the identity out.
	User     *User
	Sessions []Session
	Activity ActivityView
	Error    FormError
}

// ActivityView is what happened to the account, newest first.
type ActivityView struct {
	Entries []Activity
	// Older is the path of the page after this one, Newer that of the first,
	// where the newest are; "" for none.
	Older, Newer string
}

// Activity is one thing that happened, or several that are one.
type Activity struct {
	// What says what happened: "Logged in".
	What string
	// Device and IP are as in Session; "" is left out.
	Device, IP string
	// When is the time as a person reads it, and WhenAt the same for machines.
	When   string
	WhenAt time.Time
	// Times is how often it happened, and Until the last time, where that is
	// more than once.
	Times int
	Until string
	// UntilAt is the same as Until, for machines.
	UntilAt time.Time
	// Current marks what the session that asks did.
	Current bool
	// Warn marks what the user should have a look at.
	Warn bool
}

// Session is one place where the user is logged in.
type Session struct {
	ID string
	// Device is a short description of the browser and system; "" shows
	// "Unknown device".
	Device, IP string
	// LastUsed and Since say when the session was last used and when it began,
	// as a person reads it: "3 minutes ago", "2 Jan 2026".
	LastUsed, Since string
	// LastUsedAt and SinceAt are the same as points in time, for machines. A
	// zero one is left out.
	LastUsedAt, SinceAt time.Time
	// Current marks the session that asks.
	Current bool
}

// HomeView is the start page.
type HomeView struct {
	User *User // nil where nobody is logged in
}

// HowItWorksView is the page that walks through the flow.
type HowItWorksView struct {
	User *User // nil where nobody is logged in: then Token is not looked at
	// Token is the client's, or the one that the server renders the page with.
	Token TokenView
}

// MessageView is a page that says one thing: not found, unreachable, failed.
type MessageView struct {
	Heading, Text string
	// Href and Link are the path and the text of the way on; "" for none.
	Href, Link string
}
