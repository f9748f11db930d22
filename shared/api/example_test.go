package api_test

import (
	"context"
	"errors"
	"fmt"

	"example.com/latchkey/shared/api"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/session"
)

func Example() {
	server := screentest.New() // stands for the network
	s, err := session.New("https://app.example/graphql", session.WithTransport(server), session.WithJar(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx := context.Background()
	if err := s.Login(ctx, "ann@example.com", screentest.Password); err != nil {
		fmt.Println(err)
		return
	}

	c := api.New(s)
	me, err := c.Me(ctx)
	fmt.Println(me.Name, err)
	post, err := c.CreatePost(ctx, "Hello", "World.")
	fmt.Println(post.Title, err)
	posts, err := c.Posts(ctx, 10, "") // the newest ten
	fmt.Println(len(posts), err)
	fmt.Println(c.DeletePost(ctx, post.ID), errors.Is(c.DeletePost(ctx, post.ID), session.ErrNotFound))

	account, err := c.Account(ctx, 10, "") // where Ann is logged in, and the newest ten entries of what happened
	fmt.Println(len(account.Sessions), account.Sessions[0].Current, err)
	err = c.ChangePassword(ctx, "wrong", "another long password")
	fmt.Println(errors.Is(err, session.ErrInvalidCredentials))
	fmt.Println(c.RevokeSession(ctx, account.Sessions[0].ID)) // this one: the next request meets its end
	_, err = c.Me(ctx)
	fmt.Println(errors.Is(err, session.ErrUnauthenticated), s.State().Phase, s.State().Reason)
	// Output:
	// Ann <nil>
	// Hello <nil>
	// 1 <nil>
	// <nil> true
	// 1 true <nil>
	// true
	// <nil>
	// true ended REVOKED
}
