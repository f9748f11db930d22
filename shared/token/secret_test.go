package token_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/shared/token"
)

func TestSecretDoesNotPrint(t *testing.T) {
	const value = "s3cr3t-value"
	secret := token.NewSecret(value)
	tok := token.Token[string]{Secret: secret, Lifetime: time.Minute, Holder: "ann"}
	hidden := struct{ inside token.Token[string] }{tok}
	k := token.New(token.Config[string]{Fetch: func(context.Context) (token.Token[string], error) { return tok, nil }})
	defer k.Close()
	if _, err := k.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, holder := range []any{k, k.State(), secret, &secret, tok, &tok, hidden, &hidden, []any{secret}, map[string]any{"a": hidden}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%10.3s"} {
			got := fmt.Sprintf(verb, holder)
			if strings.Contains(got, value) || strings.Contains(got, fmt.Sprintf("%x", value)) {
				t.Errorf("%s of %T shows it: %s", verb, holder, got)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "holder", holder)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "holder", holder)
		if strings.Contains(log.String(), value) {
			t.Errorf("slog of %T shows it: %s", holder, &log)
		}
		if b, err := json.Marshal(holder); bytes.Contains(b, []byte(value)) {
			t.Errorf("JSON of %T: %s, %v", holder, b, err)
		}
	}
	if _, err := json.Marshal(map[string]token.Secret{"a": secret}); err != nil {
		t.Error(err)
	}
	if got := secret.Reveal(); got != value {
		t.Errorf("Reveal() = %q, want %q", got, value)
	}
}

func TestSecretReadsJSON(t *testing.T) {
	var v struct{ A token.Secret }
	if err := json.Unmarshal([]byte(`{"A":"x"}`), &v); err != nil || v.A.Reveal() != "x" {
		t.Errorf("read %q, %v", v.A.Reveal(), err)
	}
	if err := json.Unmarshal([]byte(`{"A":{}}`), &v); err == nil {
		t.Error("an object was taken for a secret")
	}
	var zero token.Secret
	if zero.Reveal() != "" || zero.String() == "" || zero.GoString() == "" {
		t.Error("the zero Secret is not an empty one")
	}
}
