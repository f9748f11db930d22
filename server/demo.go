package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
)

// The demo account's credentials: printed at start, and meant to be known.
const (
	demoEmail    = "demo@example.com"
	demoPassword = "open sesame 2026"
)

var demoPosts = []struct{ title, body string }{
	{"Where the token is", "The access token that loaded these posts is in the memory of a worker. Press \"Check this page\" to look for it everywhere else."},
	{"Try to lose your session", "Reload, close the tab and come back, open ten tabs at once, put the laptop to sleep: the refresh cookie alone brings you back here."},
	{"Two tabs, one client", "Open this page in a second tab: it needs no refresh of its own. Then log out in one of them and look at the other."},
}

// demo creates the demo account with its posts, where it does not exist yet, and prints its credentials.
func demo(ctx context.Context, users *auth.Service, posts *blog.Service, stdout io.Writer) error {
	grant, err := users.SignUp(ctx, demoEmail, demoPassword, "Demo", auth.Visitor{UserAgent: "latchkey --demo"})
	exists := (*auth.Error)(nil)
	switch {
	case errors.As(err, &exists) && exists.Code == auth.CodeEmailTaken:
	case err != nil:
		return fmt.Errorf("the demo account: %w", err)
	default:
		for _, p := range demoPosts {
			if _, err := posts.Create(ctx, grant.User.ID, p.title, p.body); err != nil {
				return fmt.Errorf("the demo posts: %w", err)
			}
		}
		// Signing up logs in; nobody is there to use that session.
		if err := users.Logout(ctx, auth.Visitor{Tokens: []string{grant.RefreshToken}}, nil); err != nil {
			return fmt.Errorf("the demo account: %w", err)
		}
	}
	fmt.Fprintf(stdout, "The demo account: email %s, password %q\n", demoEmail, demoPassword)
	return nil
}
