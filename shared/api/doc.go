// Package api is what the demo application asks of its GraphQL API, as Go types: the posts of the user who is
// logged in, and where that user is logged in.
//
// Start with [New], on a [session.Session] that has logged in or resumed. Every method makes one request, with a
// fresh access token, and passes on the session's errors: a *[session.Error] for what the server said, an error
// that is [session.ErrUnreachable] where no whole answer came, the context's own where the caller gave up. None
// is tried again: whoever sent a change knows whether it may be sent twice.
//
// An application built on Latchkey replaces this package and keeps [session].
package api
