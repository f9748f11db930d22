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

// A server that does not take a token is told to the keeper; a machine that has slept, and a network that is back, too.
func ExampleKeeper_Reject() {
	n := 0
	k := token.New(token.Config[int]{Fetch: func(context.Context) (token.Token[int], error) {
		n++
		return token.Token[int]{Secret: token.NewSecret(fmt.Sprint("token ", n)), Lifetime: 5 * time.Minute, Holder: n}, nil
	}})
	defer k.Close()
	told := make(chan token.State[int], 3)
	stop := k.Observe(func(s token.State[int]) { told <- s }) // of every token, and never with it
	defer stop()

	for range 2 {
		secret, err := k.Token(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("Authorization: Bearer", secret.Reveal())
		another := k.Reject(secret) // the server answered 401
		fmt.Println("another:", another, "told of", (<-told).Holder)
	}
	k.Wake()   // nothing is due
	k.Forget() // without a word to the issuer
	fmt.Println(k.State().Phase, (<-told).Phase)
	// Output:
	// Authorization: Bearer token 1
	// another: true told of 1
	// Authorization: Bearer token 2
	// another: false told of 2
	// empty empty
}
