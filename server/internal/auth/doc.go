// Package auth is the domain of session authentication: accounts, sessions, refresh tokens and access tokens. It knows
// neither HTTP nor SQL: what it keeps goes through a [Store], and what comes from a request is a [Visitor].
//
// Start with [New], keep [Service.Run] running, and call [Service.SignUp], [Service.Login], [Service.Refresh] and
// [Service.Authenticate].
//
// # Refresh tokens
//
// A refresh token is `<id>.<secret>`. The id says which one it is, its session, its generation and when it was made, and
// has a tag that proves it: a MAC of these and of the secret's hash, under a key of the session (refreshtoken.go). The
// token's row holds the hash, and once it is superseded its successor's secret, sealed under a key from its own. Each
// presentation is one step of the store: decide (rotation.go) judges it on a [Snapshot] by the table of ROTATION.md, and
// the [Change] that comes of it is applied before anything else happens to the session. The labels are the rows of that
// table.
//
//	              login
//	                │
//	                ▼         S1' presented, or
//	S1 ┌───────▶ current ──── S5' passed over ────▶ superseded
//	   └────────────┘ ▲ ▲                             │ │ │
//	answered without  │ └── S4, S5 sent once more ────┘ │ │
//	a cookie          │                                 │ │
//	                  └──── S5' a fresh one is sent ────┘ │
//	                                                      │ R past its grace,
//	           session ended ◀────────────────────────────┤ not to be recovered
//	                  ▲                                   │
//	                  │ R                                 ▼
//	                  └────────────────────────────────  gone: the row is pruned
//
// A token that is unknown, malformed or has a wrong tag or secret, or was last sent longer than idle-ttl ago (S0),
// changes nothing at all.
//
// # Rows that are gone
//
// A session that is open all day has hundreds of tokens a day, and a cookie jar may show any of them for idle-ttl. Their
// rows are not kept for so long: one that is past its grace and can never be recovered again is pruned, which leaves two
// or three of a session. That takes nothing from what holds:
//
//   - A superseded token that comes back is known as one of ours by its tag, and as superseded by its generation. It ends
//     the session exactly as it would have with its row, and the evidence names it: session/generation.
//   - Without its secret nobody can make the tag, so a guess at such a token harms nothing.
//   - What may still be answered has its row, and every row that leads from it to the current token (recoverable, in
//     rotation.go). A recovery that is configured longer later does not reach back to what was pruned before: that is
//     reuse.
//   - When it was last sent, only its row knew. It is forgotten (S0) once it was made longer ago than idle-ttl and the
//     longer of recovery and grace, by which a jar cannot hold it any more. So somebody with an old secret, who could
//     end the session for idle-ttl, can now do so for as much longer.
//
// The keys of the tags are in the database. Whoever steals it can make tokens that seem to have been superseded and
// pruned, and with these end sessions; but no answer is got by them, for that takes a row whose hash fits.
//
// # Sessions
//
//	           refreshed
//	           ┌──────┐
//	 login     │      ▼      logout, revocation, reuse, password change
//	────────▶    live   ────────────────────────────────────────────────▶  ended
//	             │                                                          ▲
//	             │ no token sent for longer than idle-ttl,                  │ its user logs out everywhere
//	             │ or as old as max-ttl                                     │ or changes the password
//	             └──────────────▶  idle or too old  ────────────────────────┘
//
// "Ended" is a flag with the reason and the evidence; that a session is idle or too old stands in no row: its times say it.
// No arrow leads back. Access tokens are not kept anywhere: they are good until they expire or their session has ended,
// which every process learns within a second (endings.go).
package auth
