// Command rest asks a service that knows nothing of GraphQL, on the API's own origin, as its user: one that verifies
// access tokens with the API's public keys, say. The password is in the environment, as LATCHKEY_PASSWORD.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"example.com/latchkey/shared/session"
)

func main() {
	endpoint := flag.String("endpoint", "", "URL of the GraphQL API, for logging in")
	email := flag.String("email", "", "account to log in with")
	url := flag.String("url", "", "what to ask for")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, *endpoint, *email, *url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, email, url string) (err error) {
	s, err := session.New(endpoint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Login(ctx, email, os.Getenv("LATCHKEY_PASSWORD")); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	hc := &http.Client{Transport: s.Transport(nil)}
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers %s", resp.Status)
	}
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		return err
	}
	return s.Logout(ctx)
}
