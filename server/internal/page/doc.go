// Package page renders the pages on the server, for visitors whose client is not there yet and for those who have
// none: what the browser shows first, and all that it shows where scripts are off.
//
// It is a client like every other: for each visit it makes a shared/session whose requests go to the API's handler in
// the process, with the visitor's own cookies, and shows shared/screen's pages with it.
//
//	GET  path ─▶ refreshToken(minAge: grace, recover) ─▶ Show ─▶ 200, or the login form with 401
//	POST path ─▶ refreshToken(minAge: grace, recover) ─▶ Do ───▶ 303, or the form with its error
//
// A page ends no session. Where a client's refresh with the visitor's token would be reuse, the page is undecided: it says
// that the session is being looked for, and the visitor's client asks (row P of package auth). The login form is in the
// page too: the style sheet shows it where no client runs. Of the forms of such a visit only login, sign-up and logout do
// anything.
//
// Cookies are passed on to the visitor, each by its name: the refresh cookie, and the device cookie beside it. A clearing
// refresh cookie is not, unless the visitor asked to be logged out: an answer that arrives late must not take away the cookie of a login that happened meanwhile (contract §3,
// counter-example C6 of package simulation).
package page
