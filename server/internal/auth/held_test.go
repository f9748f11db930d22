package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// leaving are the requests that end the session of every token that comes with them.
var leaving = []struct {
	name string
	do   func(*world, auth.Visitor) error
}{
	{"login", func(w *world, v auth.Visitor) error { _, err := w.Login(w.ctx, email, password, v); return err }},
	{"sign-up", func(w *world, v auth.Visitor) error {
		_, err := w.SignUp(w.ctx, "grace@example.com", password, "Grace", v)
		return err
	}},
	{"logout", func(w *world, v auth.Visitor) error { return w.Logout(w.ctx, v, nil) }},
}

// heldRows are what a browser may hold of one session.
var heldRows = []struct {
	name string
	// tokens prepares a session and returns what the browser holds, and of these the token that the record names.
	tokens func(w *world) (held []string, named string)
	reason auth.Reason
}{
	{"current", func(w *world) ([]string, string) {
		g := w.signUp()
		return []string{g.RefreshToken}, g.RefreshToken
	}, auth.ReasonLoggedOut},
	{"within its grace", func(w *world) ([]string, string) {
		g := w.signUp()
		w.used(w.refreshed(g.RefreshToken, plain))
		return []string{g.RefreshToken}, g.RefreshToken
	}, auth.ReasonLoggedOut},
	{"its successor was lost", func(w *world) ([]string, string) {
		g := w.signUp()
		w.refreshed(g.RefreshToken, plain)
		time.Sleep(time.Hour)
		return []string{g.RefreshToken}, g.RefreshToken
	}, auth.ReasonLoggedOut},
	{"reused", func(w *world) ([]string, string) {
		old, _ := w.reused()
		return []string{old}, old
	}, auth.ReasonTokenReused},
	{"reused, and pruned", func(w *world) ([]string, string) {
		old, _ := w.reused()
		w.prune(auth.Retention{Grace: grace, Recovery: recovery})
		return []string{old}, old
	}, auth.ReasonTokenReused},
	{"a leftover beside the current one", func(w *world) ([]string, string) {
		old, current := w.reused()
		return []string{old, current}, current
	}, auth.ReasonLoggedOut},
	{"two of one session reused", func(w *world) ([]string, string) {
		old, current := w.reused()
		w.used(w.refreshed(current, plain))
		time.Sleep(time.Hour)
		return []string{current, old}, current
	}, auth.ReasonTokenReused},
}

// Logging in, signing up and logging out end the session of the token that comes with them. The record says
// TOKEN_REUSED where a client's refresh with that token would have been reuse.
func TestTheReasonOnRecordOfATokenThatIsHeld(t *testing.T) {
	for _, row := range heldRows {
		for _, by := range leaving {
			t.Run(row.name+", "+by.name, func(t *testing.T) {
				inBubble(t, standard, func(t *testing.T, w *world) {
					held, named := row.tokens(w)
					v := auth.Visitor{Tokens: held, IP: "198.51.100.3", UserAgent: "Browser/2.0"}
					if err := by.do(w, v); err != nil {
						t.Fatal(err)
					}
					w.refused(named, page, row.reason)
					session, _ := auth.Place(named)
					evidence := fmt.Sprintf("%s %s %s %s", row.reason, auth.TokenName(named), v.IP, v.UserAgent)
					if got := w.text(`select end_reason || ' ' || end_token_id || ' ' || end_ip || ' ' || end_user_agent
						from sessions where id = ?`, session); got != evidence {
						t.Errorf("the session has %s, want %s", got, evidence)
					}
					if got := w.text(`select group_concat(reason || ' ' || token_id || ' ' || ip || ' ' || user_agent)
						from audit where kind = 'SESSION_ENDED'`); got != evidence {
						t.Errorf("the audit record has %s, want %s", got, evidence)
					}
					if said := strings.Count(w.log.String(), "used again"); said != map[bool]int{true: 1}[row.reason == auth.ReasonTokenReused] {
						t.Errorf("the log has\n%s", w.log)
					}
					w.clean(held...)
				})
			})
		}
	}
}
