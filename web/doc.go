// Package web holds what browsers are served besides data: the document
// around every page (Shell), the style sheet, the icon, and the scripts that
// start the client.
//
// Call Shell first, with the page as its body:
//
//	doc := web.Shell(web.ShellView{Title: "Posts", Session: "active", Body: page})
//	err := doc.Render(ctx, w)
//
// Nothing in here is inline: the pages' Content-Security-Policy (contract §6)
// allows scripts and styles of this origin only.
package web

//go:generate go tool templ generate -include-version=false -path .
