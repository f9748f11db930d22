package auth_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// masters are master keys, each of one byte alone.
func masters(t *testing.T, fills ...byte) (all auth.MasterKeys) {
	t.Helper()
	for _, fill := range fills {
		m, err := auth.NewMasterKey(bytes.Repeat([]byte{fill}, auth.MasterKeySize))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func TestMasterKeySize(t *testing.T) {
	for _, size := range []int{0, 16, 31, 33, 64} {
		if _, err := auth.NewMasterKey(make([]byte, size)); err == nil {
			t.Errorf("%d bytes are a master key", size)
		}
	}
}

// rows returns the keys as they stand in the store.
func (w *world) rows() []auth.Key {
	w.t.Helper()
	keys, _, err := w.store.Keys(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return keys
}

// TestKeysAreEncryptedInPlace starts a server with a master key on a database of one without.
func TestKeysAreEncryptedInPlace(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		plainRows := w.rows()
		cfg := standard
		cfg.MasterKeys = masters(t, 1)
		_, s := open(t, w.path, cfg, &bytes.Buffer{})
		if _, err := s.Authenticate(w.ctx, g.AccessToken, true); err != nil {
			t.Errorf("what was signed before: %v", err)
		}
		if !bytes.Equal(s.JWKS(), w.JWKS()) {
			t.Error("the keys are others")
		}
		for i, k := range w.rows() {
			secret := plainRows[i].Secret
			if k.SealedBy == "" || len(secret) != 32 || bytes.Contains(k.Secret, secret) || k.CreatedAt != plainRows[i].CreatedAt {
				t.Errorf("key %d (%s) stands there as %+v", k.Number, k.Purpose, k)
			}
		}
		if len(plainRows) != 2 {
			t.Errorf("%d keys, want one of each purpose", len(plainRows))
		}
		if infos, err := auth.ListKeys(w.ctx, w.store); err != nil || len(infos) != 1 || !infos[0].Encrypted {
			t.Errorf("listed %+v, %v", infos, err)
		}
		// The one without goes on with what it has.
		if g = w.refreshed(g.RefreshToken, plain); g.AccessToken == "" {
			t.Error("no access token")
		}
		w.runFor(time.Second)
		if !strings.Contains(w.log.String(), "cannot read the signing keys") {
			t.Errorf("it does not complain:\n%s", w.log)
		}
		g = w.refreshed(g.RefreshToken, plain)
		w.used(g)
		// A key of its own would be one that nobody has encrypted: it makes none.
		_, err := auth.RotateKeys(w.ctx, w.store, nil)
		wantIs(t, err, auth.ErrNoMasterKey)
		// With one that it cannot open it signs nothing, and verifies on.
		if _, err := auth.ReplaceKeys(w.ctx, w.store, cfg.MasterKeys); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		_, err = w.Refresh(w.ctx, from(g.RefreshToken), plain)
		wantIs(t, err, auth.ErrNoMasterKey)
		if g, err = s.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
			t.Fatal(err)
		}
		w.used(g)
	})
}

func wantIs(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}

func TestMasterKeyMustBeTheOne(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		right, wrong := masters(t, 1), masters(t, 2, 3)
		_, err := auth.RotateKeys(w.ctx, w.store, right)
		wantIs(t, err, auth.ErrNotEncrypted)
		_, err = auth.ReplaceKeys(w.ctx, w.store, right)
		wantIs(t, err, auth.ErrNotEncrypted)
		cfg := standard
		cfg.MasterKeys = right
		open(t, w.path, cfg, &bytes.Buffer{})
		for _, row := range []struct {
			name    string
			masters auth.MasterKeys
			want    error
		}{{"none", nil, auth.ErrNoMasterKey}, {"others", wrong, auth.ErrWrongMasterKey}, {"the one", masters(t, 1), nil}} {
			t.Log(row.name)
			cfg.MasterKeys = row.masters
			_, err := auth.New(w.ctx, w.store, cfg)
			wantIs(t, err, row.want)
			_, err = auth.RotateKeys(w.ctx, w.store, row.masters)
			wantIs(t, err, row.want)
			_, err = auth.ReplaceKeys(w.ctx, w.store, row.masters)
			wantIs(t, err, row.want)
		}
		for _, k := range w.rows() {
			if k.SealedBy == "" {
				t.Errorf("key %d is not encrypted", k.Number)
			}
		}
	})
}

// TestDamagedKeys changes the rows of encrypted keys: no server starts with such a thing.
func TestDamagedKeys(t *testing.T) {
	other := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	for _, row := range []struct {
		name   string
		damage func(signing, failures *auth.Key)
	}{
		{"a bit of the secret", func(s, _ *auth.Key) { s.Secret[20] ^= 1 }},
		{"a bit of the nonce", func(s, _ *auth.Key) { s.Secret[0] ^= 1 }},
		{"secret cut", func(s, _ *auth.Key) { s.Secret = s.Secret[:10] }},
		{"no secret", func(s, _ *auth.Key) { s.Secret = []byte{} }},
		{"the public key of another", func(s, _ *auth.Key) { s.Public = other }},
		{"half a public key", func(s, _ *auth.Key) { s.Public = s.Public[:16] }},
		{"secrets in each other's place", func(s, f *auth.Key) { s.Secret, f.Secret = f.Secret, s.Secret }},
		{"the other purpose's", func(s, f *auth.Key) { f.Secret = s.Secret }},
		{"in the clear, the public key of another", func(s, _ *auth.Key) { s.Secret, s.SealedBy, s.Public = make([]byte, 32), "", other[:31] }},
		{"in the clear, the public key of another in full", func(s, _ *auth.Key) { s.Secret, s.SealedBy, s.Public = bytes.Repeat([]byte{7}, 32), "", other }},
		{"in the clear, too short", func(s, _ *auth.Key) { s.Secret, s.SealedBy = make([]byte, 31), "" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg := standard
			cfg.MasterKeys = masters(t, 1)
			inBubble(t, cfg, func(t *testing.T, w *world) {
				keys := w.rows()
				row.damage(&keys[0], &keys[1])
				if err := w.store.ChangeKeys(w.ctx, func(time.Time, []auth.Key) (auth.KeyChange, error) {
					return auth.KeyChange{Put: keys}, nil
				}); err != nil {
					t.Fatal(err)
				}
				_, err := auth.New(w.ctx, w.store, cfg)
				if err == nil || !strings.Contains(err.Error(), "damaged") || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// A retired key is not opened any more, and verifies: half of one would be worse than none.
func TestDamagedRetiredKey(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		if _, err := auth.RotateKeys(w.ctx, w.store, nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(announced)
		first := w.rows()[0]
		first.Public = first.Public[:16]
		if err := w.store.ChangeKeys(w.ctx, func(time.Time, []auth.Key) (auth.KeyChange, error) {
			return auth.KeyChange{Put: []auth.Key{first}}, nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := auth.New(w.ctx, w.store, standard); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("error %v", err)
		}
		// What runs goes on without it.
		if _, err := w.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
			t.Errorf("refresh: %v (%v)", err, errors.Unwrap(err))
		}
	})
}
