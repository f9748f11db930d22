// Command stay is a command-line program that stays logged in: its cookie jar is a file, so that the session outlives
// the process. Log in once; every later command finds the session there, for as long as the server keeps it.
//
//	LATCHKEY_PASSWORD=… stay login ann@example.com
//	stay posts
//	stay watch
//	stay logout
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"example.com/latchkey/shared/session"
)

func main() {
	home, _ := os.UserConfigDir() // "": the current directory
	endpoint := flag.String("endpoint", os.Getenv("LATCHKEY_ENDPOINT"), "URL of the GraphQL API")
	path := flag.String("jar", filepath.Join(home, "stay.json"), "file that keeps the session's cookie")
	every := flag.Duration("every", time.Minute, "how often watch asks")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *endpoint, *path, *every, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, path string, every time.Duration, args []string) (err error) {
	jar, err := newFileJar(path, endpoint)
	if err != nil {
		return err
	}
	s, err := session.New(endpoint, session.WithJar(jar))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(), jar.Err()) }()
	switch {
	case len(args) == 2 && args[0] == "login":
		return s.Login(ctx, args[1], os.Getenv("LATCHKEY_PASSWORD"))
	case len(args) == 1 && args[0] == "posts":
		return posts(ctx, s)
	case len(args) == 1 && args[0] == "watch":
		return watch(ctx, s, every)
	case len(args) == 1 && args[0] == "logout":
		return s.Logout(ctx)
	}
	return errors.New("usage: stay [flags] login EMAIL | posts | watch | logout")
}

// posts needs no word about logging in: the first query fetches a token with the cookie from the file.
func posts(ctx context.Context, s *session.Session) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var q struct{ Posts []struct{ Title string } }
	err := s.Query(ctx, &q, nil)
	if errors.Is(err, session.ErrUnauthenticated) {
		return fmt.Errorf("log in first: %w", err)
	}
	for _, post := range q.Posts {
		fmt.Println("-", post.Title)
	}
	return err
}

// watch asks again and again until it is interrupted. A token is refreshed under way as it has to be.
func watch(ctx context.Context, s *session.Session, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := posts(ctx, s); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
