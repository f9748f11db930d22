// Package ui turns view models into the HTML of the demo application.
//
// The server and the wasm client render through the same components, so that
// a page looks the same whoever made it. The package knows nothing of
// sessions, requests or the network: a view model goes in, HTML comes out.
//
// Call App first. It draws the frame of every page (header, navigation,
// notice, token region, footer) around one of the page components:
//
//	page := ui.App(ui.Frame{Path: "/posts", User: user}, ui.Posts(view))
//	err := page.Render(ctx, w)
//
// The token region has two looks with one layout, so nothing moves when the
// client takes over:
//
//	rendered by the server             the client runs
//	+--------------------+  Running   +--------------------+
//	| -------------|---- | ---------> | o====o=======|---- |
//	| Expires in      –  |            | Expires in   4:31  |
//	| Next refresh    –  |            | Next refresh 3:46  |
//	+--------------------+            +--------------------+
//
// Picture draws the time line in it, as inline SVG: bars are the lives of
// tokens, circles their arrivals, crosses the refreshes that failed. Claims
// are what the token says, decoded; nothing that it could be made from.
//
// Rules that hold for every component, and that tests keep:
//
//   - No style attribute, no event handler attribute, no script and no style
//     element: the pages' Content-Security-Policy forbids them (contract §6).
//   - Every link and form action is a path of this origin; see Local.
//   - No token and no password is ever part of a view model.
//   - Accessible names are those that the contract's §6 fixes.
//   - html/template is not used: it would add 0.7 MB to the wasm client.
package ui

//go:generate go tool templ generate -include-version=false -path .
