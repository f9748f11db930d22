// Package session is the Go client of Latchkey: it logs a user in, keeps the session's access token fresh, and puts
// it on requests. It compiles for native targets and for GOOS=js.
//
// Start with [New] and [Session.Login], or [Session.Resume] where a refresh cookie may be there from before; then
// use [Session.Transport] with any HTTP or GraphQL client, or [Session.Query] and [Session.Mutate] right away:
//
//	s, err := session.New("https://app.example/graphql")
//	err = s.Login(ctx, email, password)
//	hc := &http.Client{Transport: s.Transport(nil)} // Bearer on every request to app.example, and to no other
//
// # Two tokens
//
// The access token is short-lived and lives in the memory of this process alone. The refresh token is a cookie: in
// a browser out of everyone's reach, elsewhere in the session's cookie jar. It goes with login, refresh and logout,
// and with nothing else.
//
// # Phases
//
//	┌─────────┐  Login, SignUp; or the cookie is good  ┌────────┐ ──┐ refreshed: on the timer, when
//	│ Unknown │ ─────────────────────────────────────▶ │ Active │   │ stale on use, after a 401
//	└─────────┘ ◀─────────────── Forget ────────────── └────────┘ ◀─┘
//	     │                                              │      │
//	     │ the server: no cookie, or none that I know   │      │ the server: it has ended
//	     ▼                                              │      ▼
//	┌─────────┐                                         │  ┌───────┐
//	│  None   │ ◀────── Logout, LogoutEverywhere ───────┘  │ Ended │ with the Reason
//	└─────────┘                                            └───────┘
//
// From None and Ended, Login, SignUp and Resume lead to Active again. From Unknown, a cookie of a session that has
// ended leads to Ended, and Ended it stays, with its Reason, however often the server is asked for it again. Until the server has said so in words (UNAUTHENTICATED), no session ends: whatever else goes
// wrong with a refresh, from a dead network to a 503, is tried again with backoff, and the token is given out as
// long as it lives.
//
// # Weather
//
//   - No network, half an answer, a 429 or a 5xx instead of a token: the refresh is tried again, after a backoff of up
//     to 30 s and whatever Retry-After asks for, up to five minutes. Requests wait for it as long as their context
//     lets them. [Session.Wake] says that the network is back.
//   - Sleep: a token that is over is not sent, whatever timers have missed; the first request afterwards refreshes.
//   - Clocks that are wrong, here or there: a token's life counts from its arrival. One that jumps costs a refresh.
//   - A 401 in answer to a token: refreshed, and the request sent once more where it can be ([Session.Transport]).
//   - Many clients: refreshes and retries are scattered, so that they do not come in step.
//
// # Rules
//
// The client's side of rotation, which is why no honest user is ever logged out by an answer that got lost:
//
//   - W1: every refresh says recover. W2: every refresh says minAge, the server's grace ([WithMinAge]).
//   - W3: one refresh at a time; without an answer the same again; what comes after giving up is thrown away.
//   - W4: login, logout and refresh never overlap: the former stop the latter, and wait until it has stopped.
//   - W6: the timer is scattered over a fifth of the token's life.
//
// How the timer, the one refresh under way and the clocks work together is told in package token.
package session
