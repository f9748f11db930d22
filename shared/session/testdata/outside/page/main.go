//go:build js

// Command page is a program for a page of one's own, in WebAssembly, without any of Latchkey's pages: it logs in, asks
// what its user has posted, and prints that to the console. The browser keeps the refresh cookie;
// the page has to come from the API's own origin. Its script hands over what it has from a form:
//
//	const go = new Go()
//	go.env = { LATCHKEY_ENDPOINT: location.origin + '/graphql', LATCHKEY_EMAIL: …, LATCHKEY_PASSWORD: … }
package main

import (
	"context"
	"fmt"
	"os"

	"example.com/latchkey/shared/session"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	s, err := session.New(os.Getenv("LATCHKEY_ENDPOINT"))
	if err != nil {
		return err
	}
	if err := s.Login(ctx, os.Getenv("LATCHKEY_EMAIL"), os.Getenv("LATCHKEY_PASSWORD")); err != nil {
		return err
	}
	fmt.Println("hello,", s.State().User.Email)
	var q struct{ Posts []struct{ Title string } }
	if err := s.Query(ctx, &q, nil); err != nil {
		return err
	}
	for _, post := range q.Posts {
		fmt.Println("-", post.Title)
	}
	return s.Close()
}
