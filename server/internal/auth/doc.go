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
// presentation is one step of the store: decide (rotation.go) judges it on a [Snapshot] by the table below, and the
// [Change] that comes of it is applied before anything else happens to the session. The labels are the rows of that
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
//	                  ▲                                   │ (P: the same with a page request, which changes nothing)
//	                  │ R                                 ▼
//	                  └────────────────────────────────  gone: the row is pruned
//
// A token that is unknown, malformed or has a wrong tag or secret, or was last sent longer than idle-ttl ago (S0),
// changes nothing at all. The table, of which the first row that fits is the one; g is the presented token, G the grace:
//
//	     presented            and                                        answer                      state
//	S0   unknown, wrong,      -                                          UNAUTHENTICATED             -
//	     not sent for idle
//	S0'  any                  the session ended, is idle or too old      UNAUTHENTICATED, why        -
//	S1   current              sent less than min(minAge, G) ago          access token, no cookie     g seen
//	S1'  current              otherwise                                  access token, new token     g superseded
//	S4   superseded           at most G ago                              access token, the current   current sent now
//	S5   superseded           recover; at most recovery ago; nothing     as S4                       as S4
//	                          later seen for longer than G; current
//	                          sent less than G ago
//	S5'  superseded           as S5, but current sent G or longer ago    access token, a fresh one   current superseded
//	P    superseded           otherwise, with a page request             UNDECIDED                   -
//	R    superseded           otherwise                                  TOKEN_REUSED                session ended
//
// A token has been seen once it was presented, or an access token of its generation was used by its holder: not by the
// server's own renderer of pages, whose answer may yet be lost.
//
// P is there because a browser puts the cookie on a navigation when it makes the request, and may then hold the request
// back for longer than G: navigations to one address wait for each other's headers, and more than six to one host wait
// for a connection. Such a token is old by the browser's doing. The page says that the session is being looked for, and
// the client's own refresh is the judge: its cookie is read the moment it is sent. UNDECIDED never leaves the process.
//
// Logging in, signing up and logging out end the session of every token that they come with, however old it is. Where R
// would apply to the token, the reason on record is TOKEN_REUSED, else LOGGED_OUT.
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
//	 login     │      ▼      logout, revocation, reuse, password change, too many
//	────────▶    live   ────────────────────────────────────────────────▶  ended
//	             │                                                          ▲
//	             │ no token sent for longer than idle-ttl,                  │ its user logs out everywhere
//	             │ or as old as max-ttl                                     │ or changes the password, or an operator ends it
//	             └──────────────▶  idle or too old  ────────────────────────┘
//
// "Ended" is a flag with the reason and the evidence. An account with more open sessions than fit into one transaction
// gets a mark instead, which ends all of them at once; their flags are set later, in steps. That a session is idle or too
// old stands in no row: its times say it. An account has at most MaxSessions open sessions.
// No arrow leads back. Access tokens are not kept anywhere: they are good until they expire or their session has ended,
// which every process learns within a second (endings.go).
//
// A process may run with other durations than the processes beside it, and than the ones before it:
//
//   - Access tokens: a process remembers ended sessions for the longest life that a key's row says, not for its own
//     access-ttl. So it knows the ending of every session that a token may be about.
//   - Idle sessions: a token's row says when the session ends without a refresh, by the configuration of the answer. The
//     session ends then, or earlier where the present configuration says so. A longer idle-ttl or max-ttl lengthens the
//     life of live sessions at their next refresh. It revives none.
//   - Pruning of sessions: a session goes a day after its idle-ttl, and not before the end that its token's row says. So a
//     process with a short idle-ttl drops no session that is live for another process.
//   - Grace: the row of a superseded token says when its grace ends.
//   - Recovery: a process with a shorter recovery prunes rows that another process could recover from. To that process
//     the token is then a reused one. The shortest recovery of all processes counts, and the shortest audit-keep.
//
// # Keys
//
// One key pair after another signs the access tokens. Processes need not talk to each other about keys: the rows and the
// database's clock alone say what a key is at a moment (keyschedule.go):
//
//	there is none, or all were stolen
//	───────────────────────────────────┐
//	                                   ▼
//	rotated, or old      announced ─▶ signing ─▶ retired ─▶ gone
//	─────────────────▶        │          │          │        ▲
//	                          └──────────┴──────────┴────────┘
//	                           all were stolen (ReplaceKeys)
//
// The states, and what leads from one to the next:
//
//   - Announced: the key is published for ten minutes before it signs. Services may keep the published keys for five
//     minutes (JWKSMaxAge), and a process learns of a new key within a second. So every service has a key before the
//     first token of it arrives.
//   - Signing: of the keys whose time has come, the latest. A process keeps the keys that it read last behind an atomic
//     pointer: neither signing nor verifying waits for the database.
//   - Retired: the key is published and verifies what it has signed. Before a process signs with a key, it writes the life
//     of its tokens into the key's row. The key stays until the longest of these lives has passed, and a minute more,
//     because processes learn late and clocks differ.
//   - By age: the first process that sees that the newest key has signed for key-max-age, less the ten minutes, announces
//     the next. The rows are locked meanwhile, so it happens once.
//
// A token of an unknown key makes the process read the store before it refuses the token. Readings are 100 ms apart and
// all waiting requests share one, so forged tokens cost the database next to nothing. A process that has not read the
// keys for a second reads them before it relies on them, as it does with endings: all processes refuse a stolen key
// within a second. Sessions do not depend on keys: clients with a refused token refresh.
//
// A token is refused when its life is longer than its key's row says, or when its session never existed: a stolen key
// alone does not open sessions.
//
// With [MasterKeys] the rows hold secrets encrypted with AES-256-GCM, bound to their purpose and public key. A key that
// ever stood in the clear counts as known. The first process with a master key drops such keys and makes new ones,
// because copies of the database keep the clear text. A process without the master key, or with another one, does not
// start. A running one continues with the keys that it knows, until a key signs that it cannot open. Where keys that stood
// in the clear are dropped, that is at once: it then verifies access tokens and signs none.
//
// To change the master key, every process gets the new one in front of the old, one after the other. The first that starts
// so encrypts every row anew. Later starts encrypt what processes with the old key alone have added meanwhile. Then no row
// needs the old key, and processes start with the new one alone.
//
// # Guesses and floods
//
// Strangers can guess passwords, and send more than a server can answer. Each defence has its file:
//
//   - Failed logins are counted of the account and of the address, in the store (limit.go).
//   - A browser that has logged in to an account before has a count of its own, by a signed cookie (devices.go).
//   - After a hundred failures in a row on an account the wait grows, for browsers without such a cookie (streaks.go).
//   - Passwords are hashed in turns between networks, with room for known browsers (turns.go, queue.go).
//   - Sessions of refresh tokens that may be invented are looked up in the same turns, before anything is written
//     (lookups.go).
//
// A refused login takes the same steps whether an account has the email address or not.
//
// # What holds, and why to believe it
//
// No honest user is logged out, whatever is lost, cut, abandoned, slept through or killed, as long as a client's refresh
// that reaches the server does so within G of being sent, and an answer that arrives does so in less than G. A request
// for a page may come as late as it likes. A client's part in it: each refresh says recover and minAge = G, one is under
// way at a time, and what comes after giving up is thrown away (package session). Why each rule is there:
//
//   - One successor for all (S4): tabs that race with one token end with one and the same next token, in any order.
//   - Recovery (S5): an answer that got lost leaves its token unseen, and the honest holder of the one before it is told
//     from a thief by that.
//   - For longer than G: two tabs that are restored together may both show the lost answer's token, one after the other
//     was answered and used.
//   - Sent, not made: a token that was sent once more a moment ago is not rotated away under the tabs that wait for it.
//   - A fresh one (S5'): a thief who keeps his successor to himself does not come to share it with the owner whom it is
//     recovered for; who of the two shows the superseded one is found out.
//
// A thief who, more than G away from every refresh of the owner, uses an access token of a successor or shows a
// successor, ends the session: at the next refresh of the owner's client, or at his own next refresh with a superseded
// token. Where the owner's browser runs no scripts, its pages end nothing (P), and its next login or logout does. Not
// found out, because to the server they are what an honest client may look like:
//
//   - one life of an access token, by refreshing once and never again;
//   - page views until the owner's next refresh, the same as a page whose answer was lost;
//   - whoever refreshes within G of the owner each time, which the scattering of the client's timer makes hard;
//   - a successor that was hidden until after a page of the owner's arrived whose own access token was never used, for
//     the tab was closed before its client began: the recovery of that page's token takes the thief's along, and he is
//     found out the next time that he shows one.
//
// This rests on three legs. The rules were explored exhaustively in a model, every interleaving of an honest client,
// a thief and a network that loses and reorders. TestInvariants and TestPruningChangesNoAnswer play random histories
// against this package and a real database. And package simulation plays the whole system (handlers, SQLite, clients,
// browsers with tabs, laptops that sleep, wrong clocks, killed processes, thieves) under one clock; it must find a
// history against each rule that is taken out, and does within a few hundred. What these legs do not carry:
//
//   - An answer that arrives G late or later, or a client's refresh that does, can log an honest user out: one in eight
//     of the simulated histories outside the bound had such a user. One cookie cannot do better.
//   - The simulation judges requests one after another. Races within a process and in the databases are tested where
//     they live (storetest, on both), and crashes of processes and of PostgreSQL by killing them (faulttest).
//   - Loss of power is not tested: it rests on SQLite's synchronous=FULL and on PostgreSQL's fsync.
//   - Times are the database's clock. Were that set back by long, tokens would live by so much longer; set forward by
//     more than the grace, what is on its way at that moment may be past it.
package auth
