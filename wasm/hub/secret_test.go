package hub_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/screen/screentest"
	"example.com/latchkey/shared/ui"
)

// No message to a page holds an access token, whole or in parts, or a password, whatever was done in which order.
func TestNoMessageHoldsASecret(t *testing.T) {
	bubble(t, func(w *world) {
		tb, other := w.open("/login", "none", ""), w.open("/how-it-works", "none", "")
		const typed, next = "typed-password-1", "typed-password-2"
		steps := []func(){
			func() { tb.do(1, "/login", screen.Login, "email", ann, "password", typed) },
			func() {
				tb.do(2, "/signup", screen.SignUp, "name", "Ann", "email", "not an address", "password", typed)
			},
			func() { tb.do(3, "/login", screen.Login, "email", ann, "password", screentest.Password) },
			func() { tb.do(4, "/account", screen.ChangePassword, "current", typed, "new", next) },
			func() {
				tb.do(5, "/account", screen.ChangePassword, "current", screentest.Password, "new", next)
			},
			func() { tb.do(6, "/posts", screen.Publish, "title", "A title", "body", "A body") },
			func() { tb.page.Checked([]ui.Place{{Name: "Cookies", Searched: 1}}) },
			func() { tb.page.Go(7, "/posts") },
			func() { tb.page.Go(9, "/how-it-works") },
			func() { time.Sleep(10 * time.Minute) },
			func() { w.api.End("TOKEN_REUSED"); tb.page.Go(8, "/account") },
		}
		for _, problem := range []screentest.Problem{
			{}, {Code: "BAD_USER_INPUT", Field: "password", Message: "Too short."}, {Code: "RATE_LIMITED", Message: "Wait."},
		} {
			for _, op := range []string{"login", "signUp", "changePassword"} {
				w.api.Refuse(op, problem)
			}
			for i := range 2 * len(steps) {
				w.api.Down(i >= len(steps))
				steps[i%len(steps)]()
				synctest.Wait()
			}
		}
		secrets := []string{typed, next, screentest.Password, "eyJ"}
		for _, token := range w.api.Tokens() {
			parts := strings.Split(token, ".")
			claims, err := base64.RawURLEncoding.DecodeString(parts[1])
			if err != nil {
				w.Fatal(err)
			}
			secrets = append(secrets, parts[1], parts[2], string(claims))
		}
		if len(secrets) < 8 {
			w.Fatalf("only %d secrets to look for", len(secrets))
		}
		said := append(tb.take(), other.take()...)
		if len(said) < 40 {
			w.Fatalf("only %d messages to look through", len(said))
		}
		for _, m := range said {
			text := fmt.Sprintf("%+v", m)
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					w.Errorf("a secret is in %T: %s", m, text)
				}
			}
		}
	})
}
