package auth_test

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// Who tries addresses that have accounts at the sign-up is on record: in one entry for an account and a network, for
// operators to see.
func TestRefusedSignUpsAreOnRecord(t *testing.T) {
	cfg := standard
	cfg.SignUps = 4
	recorded(t, cfg, func(t *testing.T, w *world, _ *recorder, _ func()) {
		g := w.signUp()
		by := auth.Visitor{IP: "198.51.100.1", UserAgent: "Guess/1.0"}
		for range 4 {
			_, err := w.SignUp(w.ctx, "Ada@Example.com", "another password", "", by)
			wantError(t, err, auth.CodeEmailTaken, "")
		}
		for _, address := range []string{email, "nobody@example.com"} {
			_, err := w.SignUp(w.ctx, address, "another password", "", by)
			wantError(t, err, auth.CodeRateLimited, "")
		}
		_, err := w.SignUp(w.ctx, email, "short", "", from())
		wantError(t, err, auth.CodeBadUserInput, "") // a mistake, not a refusal
		_, err = w.SignUp(w.ctx, email, "another password", "", auth.Visitor{UserAgent: "latchkey --demo"})
		wantError(t, err, auth.CodeEmailTaken, "") // at every start
		time.Sleep(2 * time.Second)
		synctest.Wait()
		const entries = `select count(*) from audit where kind = 'SIGN_UP_REFUSED'`
		for _, row := range []struct {
			name, where string
			args        []any
			want        int
		}{
			{"all", ``, nil, 2},
			{"taken", ` and reason = 'EMAIL_TAKEN' and user_id = ? and times = 4 and ip = '198.51.100.1' and user_agent = 'Guess/1.0'`, []any{g.User.ID}, 1},
			{"too many", ` and reason = 'RATE_LIMITED' and user_id = '' and times = 2`, nil, 1},
		} {
			if n := w.count(entries+row.where, row.args...); n != row.want {
				t.Errorf("%s: %d entries, want %d", row.name, n, row.want)
			}
		}
		list, err := w.Activity(w.ctx, w.used(g), 10, "")
		if err != nil || len(list) != 1 || list[0].Kind != auth.EventAccountCreated {
			t.Errorf("the owner sees %+v, %v", list, err)
		}
	})
}
