// Package scalar holds the wire forms of scalars: those of the schema's own, and texts, whose bytes are counted.
//
// Only the generated executor calls it. It is a package of its own because the executor may not import the
// resolvers, which import it.
package scalar

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalTime writes t as RFC 3339 in UTC, with fractions of a second only where there are any.
func MarshalTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		// An error of w is the connection's: the executor notices it at its own next write.
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(time.RFC3339Nano)))
	})
}

// UnmarshalTime reads an RFC 3339 string.
func UnmarshalTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, errors.New("a Time is a string such as \"2026-11-23T09:30:00Z\"")
	}
	return time.Parse(time.RFC3339Nano, s)
}
