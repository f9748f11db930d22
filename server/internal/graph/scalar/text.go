package scalar

import (
	"bytes"
	"context"
	"io"

	"github.com/99designs/gqlgen/graphql"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph/answer"
)

// longText is the least length, in bytes, of a text that is charged to the answer by itself. To charge shorter ones so
// would cost more than they do: they are charged with the whole answer.
const longText = 1 << 10

// text is a String on its way out. It is encoded when the answer is written, and not where the answer's budget is
// used up: the answer is then an error, and no part of this is in it.
type text string

// MarshalString writes a text as JSON, if it still fits into the answer.
func MarshalString(s string) graphql.ContextMarshaler { return text(s) }

// UnmarshalString reads a text as gqlgen does.
func UnmarshalString(_ context.Context, v any) (string, error) { return graphql.UnmarshalString(v) }

// MarshalActivityKind writes the name of a kind of event.
func MarshalActivityKind(k auth.EventKind) graphql.Marshaler { return graphql.MarshalString(string(k)) }

// UnmarshalActivityKind reads the name of a kind of event.
func UnmarshalActivityKind(v any) (auth.EventKind, error) {
	s, err := graphql.UnmarshalString(v)
	return auth.EventKind(s), err
}

// MarshalGQLContext implements graphql.ContextMarshaler.
func (t text) MarshalGQLContext(ctx context.Context, w io.Writer) error {
	size := encodedLen(string(t))
	if len(t) >= longText {
		if ctx.Err() != nil || answer.FromContext(ctx).Encode(size) != nil {
			graphql.Null.MarshalGQL(w)
			return nil
		}
	}
	var err error
	if b, ok := w.(*bytes.Buffer); ok {
		b.Grow(size)
		_, err = b.Write(appendQuoted(b.AvailableBuffer(), string(t)))
	} else {
		_, err = w.Write(appendQuoted(make([]byte, 0, size), string(t)))
	}
	return err
}

// extra is how many bytes longer each byte gets by being escaped.
var extra = func() (of [256]uint8) {
	for c := range 0x20 {
		of[c] = uint8(len(`\u0000`) - 1)
	}
	for _, c := range "\"\\\n\r\t" {
		of[c] = uint8(len(`\n`) - 1)
	}
	return of
}()

// encodedLen returns the length of what appendQuoted appends.
func encodedLen(s string) int {
	n := len(s) + len(`""`)
	for i := range len(s) {
		n += int(extra[s[i]])
	}
	return n
}

// appendQuoted appends s as a JSON string. It escapes no more than it must.
func appendQuoted(to []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	to = append(to, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if extra[c] == 0 {
			continue
		}
		to = append(to, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
		}
	}
	return append(append(to, s[start:]...), '"')
}
