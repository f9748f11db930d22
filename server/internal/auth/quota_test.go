package auth_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// A quota is of each user, and of all processes together.
func TestQuota(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		_, other := open(t, w.path, standard, &bytes.Buffer{})
		posts := []*auth.Quota{w.Quota("posts", 3, "Too many."), other.Quota("posts", 3, "Too many.")}
		for i := range 3 {
			if err := posts[i%2].Take(w.ctx, "ada"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
		for _, q := range posts {
			err := q.Take(w.ctx, "ada")
			limited(t, err, 30*time.Minute)
			if err.Error() != "Too many." {
				t.Errorf("it says %q", err)
			}
		}
		w.runFor(time.Second) // which prunes what counts no more
		for name, err := range map[string]error{
			"of another user": posts[0].Take(w.ctx, "eve"),
			"of another kind": w.Quota("photos", 3, "").Take(w.ctx, "ada"),
			"without a limit": w.Quota("posts", 0, "").Take(w.ctx, "ada"),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		time.Sleep(30*time.Minute - time.Second)
		if err := posts[1].Take(w.ctx, "ada"); err != nil {
			t.Errorf("after the wait: %v", err)
		}
		limited(t, posts[0].Take(w.ctx, "ada"), 10*time.Minute)
		if err := w.store.Close(); err != nil {
			t.Fatal(err)
		}
		if e := wantError(t, posts[0].Take(w.ctx, "ada"), auth.CodeInternal, ""); errors.Unwrap(e) == nil {
			t.Error("a failure has no cause")
		}
	})
}
