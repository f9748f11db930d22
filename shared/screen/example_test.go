package screen_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

func Example() {
	server := screentest.New() // stands for the network
	s, err := session.New("https://app.example/graphql", session.WithTransport(server), session.WithJar(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx, app := context.Background(), screen.New(s)
	fmt.Println(screen.Paths()[1])

	// Nobody is logged in: the login form stands in the page's place.
	v := app.Show(ctx, "/posts")
	fmt.Println(v.Status, v.Title, v.Path)

	// What a form holds is an intent, or nothing.
	form := url.Values{"email": {"ann@example.com"}, "password": {screentest.Password}, "admin": {"yes"}}
	login, err := screen.ParseIntent("login", form.Get)
	if err != nil {
		fmt.Println(err)
		return
	}
	next, failed := app.Do(ctx, v.Path, login)
	fmt.Println(next, failed == nil)

	v = app.Show(ctx, next)
	var html strings.Builder
	err = v.Render(ctx, &html, ui.TokenView{Running: true, Expiry: "4:59"})
	fmt.Println(v.Status, v.Title, strings.Contains(html.String(), "4:59"), err)
	// Output:
	// /posts
	// 401 Log in /posts
	// /posts true
	// 200 Your posts true <nil>
}

func ExampleApp_GiveBack() {
	server := screentest.New()
	server.Enter("ann@example.com")
	s, err := session.New("https://app.example/graphql", session.WithTransport(server), session.WithJar(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx, app := context.Background(), screen.New(s)
	if err := s.Resume(ctx); err != nil {
		fmt.Println(err)
		return
	}
	// A page held a post while it was not known yet whose session it is.
	v := app.GiveBack(ctx, "/posts", screen.Kept{User: s.State().User.ID, Title: "Typed before"})
	var html strings.Builder
	err = v.Render(ctx, &html, ui.TokenView{})
	fmt.Println(v.Status, v.Title, strings.Contains(html.String(), "Typed before"), err)
	// Output:
	// 200 Your posts true <nil>
}
