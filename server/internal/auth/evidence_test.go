package auth_test

import (
	"testing"

	"example.com/latchkey/server/internal/auth"
)

// Whoever ends a session leaves a trace in its row and in the audit: which session asked, from where, with what.
func TestEndingsKeepTheirEvidence(t *testing.T) {
	by := auth.Visitor{IP: "198.51.100.9", UserAgent: "Other/3.0"}
	for _, row := range []struct {
		name   string
		end    func(w *world, asking auth.Identity, ended auth.Grant) error
		reason auth.Reason
	}{
		{"logout by access token", func(w *world, _ auth.Identity, ended auth.Grant) error {
			id := w.used(ended)
			return w.Logout(w.ctx, by, &id)
		}, auth.ReasonLoggedOut},
		{"logout everywhere", func(w *world, asking auth.Identity, _ auth.Grant) error {
			_, err := w.LogoutEverywhere(w.ctx, by, asking)
			return err
		}, auth.ReasonLoggedOut},
		{"revocation", func(w *world, asking auth.Identity, ended auth.Grant) error {
			_, err := w.RevokeSession(w.ctx, by, asking, ended.SessionID)
			return err
		}, auth.ReasonRevoked},
		{"password change", func(w *world, asking auth.Identity, _ auth.Grant) error {
			return w.ChangePassword(w.ctx, by, asking, password, "another password")
		}, auth.ReasonPasswordChanged},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, standard)
			ended := w.signUp()
			asking := w.used(w.loggedIn("Phone"))
			if row.name == "logout by access token" {
				asking = w.used(ended)
			}
			if err := row.end(w, asking, ended); err != nil {
				t.Fatal(err)
			}
			if n := w.count(`select count(*) from sessions where id = ? and end_reason = ? and end_session_id = ?
				and end_ip = '198.51.100.9' and end_user_agent = 'Other/3.0'`, ended.SessionID, row.reason, asking.SessionID); n != 1 {
				t.Error("the session's row does not say who ended it")
			}
			if n := w.count(`select count(*) from audit where kind = 'SESSION_ENDED' and session_id = ? and reason = ?
				and ip = '198.51.100.9' and user_agent = 'Other/3.0'`, ended.SessionID, row.reason); n != 1 {
				t.Error("the audit does not say who ended it")
			}
		})
	}
}
