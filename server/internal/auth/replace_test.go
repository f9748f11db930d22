package auth_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// TestEveryKeyIsReplaced replaces the keys while a server runs, with a master key and without: no key stays, and the
// server counts failed logins under the new one.
func TestEveryKeyIsReplaced(t *testing.T) {
	for name, keys := range map[string]auth.MasterKeys{"in the clear": nil, "encrypted": masters(t, 1)} {
		t.Run(name, func(t *testing.T) {
			cfg := standard
			cfg.MasterKeys = keys
			inBubble(t, cfg, func(t *testing.T, w *world) {
				w.tried("eve@example.com")
				before := w.rows()
				if _, err := auth.ReplaceKeys(w.ctx, w.store, keys); err != nil {
					t.Fatal(err)
				}
				for _, k := range w.rows() {
					if k.Exposed == (keys != nil) {
						t.Errorf("key %d: exposed %v", k.Number, k.Exposed)
					}
					if slices.ContainsFunc(before, func(old auth.Key) bool { return bytes.Equal(old.Secret, k.Secret) || old.Number == k.Number }) {
						t.Errorf("key %d (%s) stays", k.Number, k.Purpose)
					}
				}
				w.runFor(time.Second)
				w.tried("eve@example.com")
				if n := w.count(`select count(distinct subject) from login_failures where subject like 'account:%'`); n != 2 {
					t.Errorf("failures are counted under %d names, want one of each key", n)
				}
				if n := len(w.rows()); n != len(before) {
					t.Errorf("%d keys, then %d", len(before), n)
				}
			})
		})
	}
}
