package token_test

import (
	"context"
	"fmt"
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
