// Command outside is a program of another module that uses a Latchkey API as its user: it logs in, asks who that is
// and what they have posted, and logs out. Endpoint, email and password come from flags or from the environment.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"example.com/latchkey/shared/session"
)

func main() {
	endpoint := flag.String("endpoint", os.Getenv("LATCHKEY_ENDPOINT"), "URL of the GraphQL API")
	email := flag.String("email", os.Getenv("LATCHKEY_EMAIL"), "account to log in with")
	password := flag.String("password", os.Getenv("LATCHKEY_PASSWORD"), "its password")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx, *endpoint, *email, *password); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, email, password string) (err error) {
	s, err := session.New(endpoint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Login(ctx, email, password); err != nil {
		return err
	}
	hc := &http.Client{Transport: s.Transport(nil)}
	var answer struct {
		Data struct {
			Me    struct{ Email string }
			Posts []struct{ Title string }
		}
		Errors []struct{ Message string }
	}
	if err := query(ctx, hc, endpoint, "{ me { email } posts { title } }", &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return errors.New(answer.Errors[0].Message)
	}
	fmt.Println(answer.Data.Me.Email)
	for _, post := range answer.Data.Posts {
		fmt.Println("-", post.Title)
	}
	return s.Logout(ctx)
}

// query needs nothing of Latchkey: the client cares for the token.
func query(ctx context.Context, hc *http.Client, endpoint, text string, answer any) error {
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the API answers %s", resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
