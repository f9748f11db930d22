package token

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a string that does not print: whatever fmt, log/slog or encoding/json make of it, or of something that
// holds it, does not show it. Only Reveal does. The zero Secret is empty.
//
// Two Secrets are equal (==) where one is a copy of the other.
type Secret struct {
	// A pointer: fmt reads unexported fields of enclosing structs past every method below, but does not follow
	// pointers inside them.
	value *string
}

// NewSecret returns a Secret that holds s.
func NewSecret(s string) Secret { return Secret{&s} }

// Reveal returns the string itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String is a placeholder.
func (s Secret) String() string { return redacted }

// GoString is a placeholder.
func (s Secret) GoString() string { return redacted }

// Format writes a placeholder, whatever the verb: not all verbs ask String.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON is a placeholder.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText is a placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// UnmarshalJSON reads a JSON string into s.
func (s *Secret) UnmarshalJSON(b []byte) error {
	var value string
	if err := json.Unmarshal(b, &value); err != nil {
		return err
	}
	*s = NewSecret(value)
	return nil
}
