// Package screen is the demo application's pages: it turns a path into a page, and an intent into its effect.
//
// The server renders pages with it for a visitor whose client is not there yet, and the browser's worker renders
// the same pages with it afterwards. Both make an [App] of a session and the API, then call [App.Show] for a path
// and [App.Do] for a form:
//
//	path ───────────────▶ Show ──▶ View: title, status, component
//	intent, path ▶ Do ──▶ next path ▶ Show       what was asked is done
//	               └────▶ View                   it is not: the same form with the error and what was typed
//
// Where only a client's refresh may judge the visitor's token (contract §3), the server's pages say so ([View.Undecided]),
// and the client shows them anew, with [App.GiveBack] for a post that was typed.
//
// An intent is a name and the few fields that belong to it ([ParseIntent]); nothing else that a form or a message
// holds gets past it. A restricted path without a live session shows the login form at the same path, so that
// logging in leads to the page that was asked for.
package screen
