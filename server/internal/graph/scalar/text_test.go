package scalar_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"

	"example.com/latchkey/server/internal/graph/answer"
	"example.com/latchkey/server/internal/graph/scalar"
)

// Texts are encoded as gqlgen does, whatever is in them and whatever they are written to.
func TestTextsAreEncodedAsByGqlgen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		s = strings.Repeat(s, rapid.IntRange(1, 200).Draw(t, "times"))
		var want, buffered, other bytes.Buffer
		graphql.MarshalString(s).MarshalGQL(&want)
		err := errors.Join(scalar.MarshalString(s).MarshalGQLContext(context.Background(), &buffered),
			scalar.MarshalString(s).MarshalGQLContext(context.Background(), io.MultiWriter(&other)))
		if err != nil || buffered.String() != want.String() || other.String() != want.String() {
			t.Fatalf("%v\n%q\n%q, want\n%q", err, &buffered, &other, &want)
		}
	})
}

// A long text is charged before it is encoded, with the bytes that it is encoded to, and not encoded where these are too
// many or the caller has gone.
func TestLongTextsAreCharged(t *testing.T) {
	const size = 2 + 6*10_000
	long := scalar.MarshalString(strings.Repeat("\x01", 10_000))
	b := answer.New(nil)
	ctx := answer.NewContext(context.Background(), b)
	var out bytes.Buffer
	for range answer.Max / size {
		out.Reset()
		if err := long.MarshalGQLContext(ctx, &out); err != nil || out.Len() != size {
			t.Fatalf("%d bytes, %v", out.Len(), err)
		}
	}
	if err := b.Err(); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := long.MarshalGQLContext(ctx, &out); err != nil || out.String() != "null" || !errors.Is(b.Err(), answer.ErrTooLarge) {
		t.Errorf("one more: %d bytes, %v, %v", out.Len(), err, b.Err())
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	out.Reset()
	if err := long.MarshalGQLContext(gone, &out); err != nil || out.String() != "null" {
		t.Errorf("for a caller that has gone: %d bytes, %v", out.Len(), err)
	}
}
