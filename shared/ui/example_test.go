package ui_test

import (
	"context"
	"fmt"
	"strings"

	"example.com/latchkey/shared/ui"
)

func Example() {
	ann := &ui.User{ID: "u1", Name: "Ann", Email: "ann@example.com"}
	page := ui.App(ui.Frame{Path: "/posts", User: ann}, ui.Posts(ui.PostsView{
		Path: "/posts", Posts: []ui.Post{{ID: "p1", Title: "Hello & welcome", Body: "World."}},
	}))
	var html strings.Builder
	if err := page.Render(context.Background(), &html); err != nil {
		fmt.Println(err)
		return
	}
	for _, part := range []string{`<h1 id="heading"`, `Hello &amp; welcome</h2>`, `aria-current="page">Posts`} {
		fmt.Println(strings.Contains(html.String(), part))
	}
	// Output:
	// true
	// true
	// true
}
