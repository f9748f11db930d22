// Package hub serves every tab of the browser from one client: pages come in, HTML goes out, and what happens to the
// session in one tab shows in all.
//
// It is what runs in the worker, without a word of JavaScript: package main gives it a [Port] for each page that
// connects and calls [Page] for each message that comes in. So it is tested natively. Start with [New], then
// [Hub.Connect], then [Page.Hello].
//
//	 connect ─▶ hello ─────────────────────────▶ ready ─▶ intent, go, sight, wake … ─▶ gone
//	             │ what the page shows and what the        each call is answered by one
//	             │ client knows disagree: ask the          view, unless a later one or the
//	             │ server, with the cookie                 tab's end came first
//	             ▼
//	session changes (login, logout, ended) ─▶ every page that shows something else gets a view
//	last page gone for [Linger] ─▶ the access token is forgotten, and its timer with it
//	another worker has another session ([Hub.Heard]) ─▶ ask the server, with the cookie
//
// An undecided page (contract §3) shows no session, because the server could not tell. The hub shows it anew after the
// client's first refresh. A client that has a session shows it at once, and refreshes to be sure.
//
// A page that arrives from the server otherwise is left as it is: nothing is loaded again that it shows already. Before its
// hello a page counts for nothing: only the hello names the lock that tells when the page is gone. Until it has that lock
// a page can but knock ([Page.Knock]), and is ready at once where it shows what the client knows.
//
// There may be other workers in the browser: one for each tab where there is no SharedWorker, and one for the tabs of
// another release, or of a worker that was left. All have the one cookie, so they tell each other whose session they
// have, by its id and nothing else, and whoever has another asks the server. Where they agree nobody asks or answers.
//
// Each page has a goroutine of its own, so that one that waits for the server keeps no other waiting, and an inbox
// that holds one message of each kind, the newest: a page that floods it fills nothing. A page that nobody can see is left
// alone until it is seen again ([Page.Sight]), but for what happens to the session.
package hub
