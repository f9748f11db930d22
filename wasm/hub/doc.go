// Package hub serves every tab of the browser from one client: pages come in, HTML goes out, and what happens to the
// session in one tab shows in all.
//
// It is what runs in the worker, without a word of JavaScript: package main gives it a [Port] for each page that
// connects and calls [Page] for each message that comes in. So it is tested natively.
//
//	 connect ─▶ hello ─────────────────────────▶ ready ─▶ intent, go, checked … ─▶ gone
//	             │ what the page shows and what the        each answered by one view
//	             │ client knows disagree: ask the
//	             │ server, with the cookie
//	             ▼
//	session changes (login, logout, ended) ─▶ every page that shows something else gets a view
//	last page gone for [Linger] ─▶ the access token is forgotten, and its timer with it
//
// A page that arrives from the server is left as it is: nothing is loaded again that it shows already.
package hub
