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

func ExampleLooking() {
	form := ui.LoginView{Path: "/posts"}
	fmt.Println("the form has an error:", !form.Error.None())
	var html strings.Builder
	if err := ui.Looking("Your posts", ui.Login(form)).Render(context.Background(), &html); err != nil {
		fmt.Println(err)
		return
	}
	for _, part := range []string{"<h1>Your posts</h1>", "Looking for your session…", `<div class="instead">`} {
		fmt.Println(strings.Contains(html.String(), part))
	}
	// Output:
	// the form has an error: false
	// true
	// true
	// true
}
