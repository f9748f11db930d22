package auth_test

import (
	"fmt"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// Recoveries of one token are one entry, from each network. Those of very many networks are counted in one entry: an
// account cannot fill the record by them.
func TestRecoveriesAreCounted(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		first := w.signUp()
		w.refreshed(first.RefreshToken, plain)
		time.Sleep(grace + ms)
		for range 5 {
			w.refreshed(first.RefreshToken, page)
		}
		if n := w.count(`select times from audit where kind = 'TOKEN_RECOVERED'`); n != 5 {
			t.Errorf("counted %d of 5", n)
		}
		for i := range 20 {
			if _, err := w.Refresh(w.ctx, auth.Visitor{Tokens: []string{first.RefreshToken}, IP: fmt.Sprintf("198.51.100.%d", i)}, page); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.count(`select count(distinct ip) from audit where kind = 'TOKEN_RECOVERED' and times = 1`); n != 20 {
			t.Errorf("%d addresses of 20", n)
		}
		for i := range 300 {
			if _, err := w.Refresh(w.ctx, auth.Visitor{Tokens: []string{first.RefreshToken}, IP: fmt.Sprintf("2001:db8:0:%x::1", i)}, page); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.count(`select count(*) from audit where kind = 'TOKEN_RECOVERED'`); n != 257 {
			t.Errorf("%d entries, want 257", n)
		}
		if n := w.count(`select sum(times) from audit where kind = 'TOKEN_RECOVERED'`); n != 325 {
			t.Errorf("%d recoveries are counted, want 325", n)
		}
	})
}
