// Package simulation plays whole histories of Latchkey under one fake clock: real server processes (the handler of
// package route over auth.Service and an SQLite store), real clients (shared/session) in browsers and native programs,
// and between them a network that delays, reorders, loses and cuts. It checks what package auth says holds: no honest
// user is logged out by a race, a lost answer, a sleeping laptop or a wrong clock, and no thief stays unnoticed. It is
// made of tests alone: run them with
//
//	go test ./server/internal/simulation -v                           # the summary lines too
//	go test ./server/internal/simulation -run TestHonest -seed 123 -v # one history again, with its events
//	LATCHKEY_SOAK=1 go test -timeout 60m ./server/internal/simulation # many more
//
// # The world of a history
//
//	user ─▶ browser (cookie jar) ─┬─ tabs: navigations ─▶ queue ─┐
//	                              └─ workers: Session ───────────┤                    ┌▶ process 1 ─┐
//	user ─▶ program (cookie jar) ─── Session ────────────────────┼─▶ network ─────────┼▶ process 2 ─┼─▶ database
//	thief ─▶ a copied cookie ── requests of its own ─────────────┘  delay, loss, cuts └▶ process 3 ─┘
//
// Each history has a bubble of testing/synctest and a database of its own, a copy of a template. What is random comes
// from its seed, by a stream of numbers for each actor, and nothing happens at the same instant as anything else; so a
// seed repeats its history. Requests are judged one after another: what races inside one process or in the database is
// tested where it lives.
//
// # What stands for what
//
//   - A navigation (a page that is opened or reloaded, a form that is posted, where an answer redirects to) gets the jar's
//     cookie when it is made. It leaves when the browser's queue lets it: navigations to one address wait for each other's
//     headers, up to 20 s each, and then for one of six connections. Chromium 156 does so (counter-example C7). The
//     network holds some of them back for minutes more. A form that is posted waits for a connection alone.
//   - A request of a client gets the jar's cookie when it leaves, and leaves at once. In a browser it may wait for a
//     connection too. The client then aborts it within G and makes it anew, with a cookie read anew, so the wait is left
//     out.
//   - The network adapter keeps what an answer sets in the jar once the headers are there in full, whatever becomes of the
//     body.
//   - Scripts that are off: a browser without workers, whose user reloads a page that shows the login form.
//   - A sleeping device: the clock of a bubble cannot stand still for one client. From sleep to wake nothing that the
//     device sends leaves, nothing arrives, and answers that were on their way are lost; what its timers do takes
//     effect at the wake. In histories outside the bound such an answer is delivered at the wake instead.
//   - A clock that is wrong by some time: the device sees a world that is shifted by it. The adapter rewrites the times
//     in answers (the claims of the access token, Date; the client asks for no others), and puts the real token back
//     into Authorization. What the client itself makes of a clock that jumps is tested in shared/token.
//   - A killed process: what was waiting in it is not acted on, what it acted on is not answered, and the one that
//     starts in its place knows nothing but the database.
//
// # The bound
//
// Inside the bound every request of a client that arrives does so at most G (the grace) after it was sent, and every
// answer, that to a page too, in less than G after the server sent it. A navigation may arrive as late as it likes after
// it was made (P). There no honest user is logged out. A page that was asked for at most G ago is answered by its cookie.
// One that comes later may be undecided: it shows that the session is being looked for, changes nothing, and the client
// goes on. Outside of the bound nothing is asserted of these: what it costs is counted.
//
// # That it can fail
//
// The simulation takes single rules of packages auth and session out, in its network adapter and around the store (never in the
// code under test), and must then find a history that breaks what holds. TestQueue holds the queue to what is said above.
package simulation
