// Command genqlient asks a Latchkey API with another GraphQL client, github.com/Khan/genqlient, whose functions and
// types are generated from operations.graphql and the API's schema. All that Latchkey does for it is the transport.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/Khan/genqlient/graphql"

	"example.com/latchkey/shared/session"
)

func main() {
	endpoint := flag.String("endpoint", "", "URL of the GraphQL API")
	email := flag.String("email", "", "account to log in with")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, *endpoint, *email); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, email string) (err error) {
	s, err := session.New(endpoint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Login(ctx, email, os.Getenv("LATCHKEY_PASSWORD")); err != nil {
		return err
	}
	client := graphql.NewClient(endpoint, &http.Client{Transport: s.Transport(nil)})
	if _, err := Publish(ctx, client, "Generated", "By a mutation of genqlient's."); err != nil {
		return err
	}
	answer, err := Posts(ctx, client, 10)
	if err != nil {
		return err
	}
	fmt.Println(answer.Me.Email)
	for _, post := range answer.Posts {
		fmt.Println("-", post.Title)
	}
	return s.Logout(ctx)
}
