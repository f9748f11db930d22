package token_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"example.com/latchkey/shared/token"
)

func Example() {
	fetch := func(ctx context.Context) (token.Token[string], error) {
		// Ask the issuer here. Its no is token.Refuse(err); any other error is tried again.
		return token.Token[string]{
			Secret:   token.NewSecret("eyJ..."),
			Lifetime: 5 * time.Minute,
			Holder:   "ann@example.com",
		}, nil
	}
	k := token.New(token.Config[string]{Fetch: fetch})
	defer k.Close()

	secret, err := k.Token(context.Background())
	fmt.Println(secret, err, k.State().Holder)
	// Output: [redacted] <nil> ann@example.com
}

// What the issuer's answers mean to the keeper: 401 is a no, 429 and 503 say when to come again, all else is a fault.
func ExampleRefuse() {
	answers := []int{http.StatusServiceUnavailable, http.StatusOK, http.StatusUnauthorized}
	ask := func(context.Context) int {
		status := answers[0]
		answers = answers[1:]
		return status
	}
	k := token.New(token.Config[struct{}]{Fetch: func(ctx context.Context) (token.Token[struct{}], error) {
		switch status := ask(ctx); status {
		case http.StatusOK:
			return token.Token[struct{}]{Secret: token.NewSecret("eyJ..."), Lifetime: 5 * time.Minute}, nil
		case http.StatusUnauthorized:
			return token.Token[struct{}]{}, token.Refuse(errors.New("log in again"))
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			return token.Token[struct{}]{}, token.Delay(errors.New("busy"), 10*time.Millisecond) // from Retry-After
		default:
			return token.Token[struct{}]{}, fmt.Errorf("the issuer answers %d", status)
		}
	}})
	defer k.Close()

	_, err := k.Token(context.Background())
	fmt.Println(err, k.State().Phase)
	err = k.Renew(context.Background())
	fmt.Println(err, k.State().Phase)
	// Output:
	// <nil> live
	// log in again refused
}

func ExampleKeeper_Replace() {
	k := token.New(token.Config[string]{Fetch: func(context.Context) (token.Token[string], error) {
		return token.Token[string]{}, token.Refuse(errors.New("log in"))
	}})
	defer k.Close()
	ctx := context.Background()

	// Logging in: no fetch runs meanwhile.
	err := k.Replace(ctx, func(context.Context) (token.Token[string], error) {
		return token.Token[string]{Secret: token.NewSecret("eyJ..."), Lifetime: 5 * time.Minute, Holder: "ann@example.com"}, nil
	})
	fmt.Println(err, k.State().Phase, k.State().Holder)

	// Logging out, in the same way.
	err = k.Drop(ctx, func(context.Context) error { return nil }, errors.New("logged out"))
	fmt.Println(err, k.State().Phase)
	_, err = k.Token(ctx)
	fmt.Println(err)
	// Output:
	// <nil> live ann@example.com
	// <nil> refused
	// logged out
}
