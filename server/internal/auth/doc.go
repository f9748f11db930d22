// Package auth is the domain of session authentication: accounts, sessions, refresh tokens and access tokens. It knows
// neither HTTP nor SQL: what it keeps goes through a [Store], and what comes from a request is a [Visitor].
//
// Start with [New], keep [Service.Run] running, and call [Service.SignUp], [Service.Login], [Service.Refresh] and
// [Service.Authenticate].
//
// # Refresh tokens
//
// A refresh token is `<id>.<secret>`. Its row holds the secret's hash, and once it is superseded its successor's secret,
// sealed under a key from its own. Each presentation is one step of the store: decide (rotation.go) judges it on a
// [Snapshot] by the table of ROTATION.md, and the [Change] that comes of it is applied before anything else happens to
// the session. The labels are the rows of that table.
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
//	           session ended ◀────────────────────────────┘ not to be recovered
//
// A token that is unknown, malformed or has a wrong secret, or was last sent longer than idle-ttl ago (S0), changes
// nothing at all.
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
