package auth_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

// TestMasterKeyIsChanged gives two servers a new master key, one after the other, while the keys rotate.
func TestMasterKeyIsChanged(t *testing.T) {
	cfg := standard
	cfg.MasterKeys = masters(t, 1)
	inBubble(t, cfg, func(t *testing.T, w *world) {
		g := w.signUp()
		with := func(fills ...byte) *auth.Service {
			t.Helper()
			cfg.MasterKeys = masters(t, fills...)
			_, s := open(t, w.path, cfg, &bytes.Buffer{})
			if _, err := s.Authenticate(w.ctx, g.AccessToken, true); err != nil {
				t.Errorf("with %v: %v", fills, err)
			}
			return s
		}
		sealers := func() (names map[string]int) {
			names = map[string]int{}
			for _, k := range w.rows() {
				names[k.SealedBy]++
			}
			return names
		}
		with(1)
		before := sealers()
		wantIs(t, failure(auth.RotateKeys(w.ctx, w.store, masters(t, 2, 1))), auth.ErrNotEncrypted)
		first := with(2, 1)
		if after := sealers(); len(before) != 1 || len(after) != 1 || maps.Equal(before, after) {
			t.Errorf("sealed by %v, then by %v", before, after)
		}
		// The one with the old one alone goes on, and nothing that it does undoes it. It cannot be started again.
		w.runFor(time.Second)
		g = w.refreshed(g.RefreshToken, plain)
		w.used(g)
		cfg.MasterKeys = masters(t, 1)
		wantIs(t, failure(auth.New(w.ctx, w.store, cfg)), auth.ErrWrongMasterKey)
		wantIs(t, failure(auth.RotateKeys(w.ctx, w.store, masters(t, 1))), auth.ErrWrongMasterKey)
		if _, err := auth.RotateKeys(w.ctx, w.store, masters(t, 2, 1)); err != nil {
			t.Error(err)
		}
		other := with(2, 1)
		time.Sleep(announced + time.Second) // and the new key signs
		for _, s := range []*auth.Service{other, first} {
			var err error
			if g, err = s.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
				t.Fatal(err)
			}
			if _, err := with(2).Authenticate(w.ctx, g.AccessToken, true); err != nil {
				t.Error(err)
			}
		}
		if after := sealers(); len(after) != 1 {
			t.Errorf("sealed by %v", after)
		}
	})
}

func failure[T any](_ T, err error) error { return err }

// What a server with the old master key puts there meanwhile is encrypted anew by the next that starts with both; two
// with the same master keys in another order do not take turns at it.
func TestMasterKeyIsChangedInParts(t *testing.T) {
	cfg := standard
	cfg.MasterKeys = masters(t, 1)
	inBubble(t, cfg, func(t *testing.T, w *world) {
		if _, err := auth.RotateKeys(w.ctx, w.store, masters(t, 1)); err != nil {
			t.Fatal(err)
		}
		old := w.rows()
		cfg.MasterKeys = masters(t, 2, 1)
		open(t, w.path, cfg, &bytes.Buffer{})
		mixed := w.rows()
		mixed[0] = old[0]
		if err := w.store.ChangeKeys(w.ctx, func(time.Time, []auth.Key) (auth.KeyChange, error) {
			return auth.KeyChange{Put: mixed}, nil
		}); err != nil {
			t.Fatal(err)
		}
		w.runFor(time.Minute)
		wantIs(t, failure(auth.RotateKeys(w.ctx, w.store, masters(t, 2, 1))), auth.ErrNotEncrypted)
		cfg.MasterKeys = masters(t, 2)
		wantIs(t, failure(auth.New(w.ctx, w.store, cfg)), auth.ErrWrongMasterKey)
		cfg.MasterKeys = masters(t, 2, 1)
		_, both := open(t, w.path, cfg, &bytes.Buffer{})
		anew := w.rows()
		for i, k := range anew {
			if k.SealedBy != mixed[1].SealedBy || bytes.Equal(k.Secret, old[i].Secret) {
				t.Errorf("key %d is sealed by %s", k.Number, k.SealedBy)
			}
		}
		cfg.MasterKeys = masters(t, 1, 2)
		_, turned := open(t, w.path, cfg, &bytes.Buffer{})
		back := w.rows()
		for _, s := range []*auth.Service{turned, both, w.Service} {
			(&world{Service: s, t: t, ctx: w.ctx}).runFor(10 * time.Second)
			if diff := cmp.Diff(back, w.rows()); diff != "" || back[0].SealedBy != old[0].SealedBy {
				t.Errorf("rows change (-were +are):\n%s", diff)
			}
		}
	})
}
