package auth_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// TestClearKeysAreReplaced starts a server with a master key on a database whose keys stand in the clear, beside one
// without a master key that runs.
func TestClearKeysAreReplaced(t *testing.T) {
	inBubble(t, standard, func(t *testing.T, w *world) {
		g := w.signUp()
		if _, err := auth.RotateKeys(w.ctx, w.store, nil); err != nil {
			t.Fatal(err)
		}
		w.tried("eve@example.com")
		before, log := w.rows(), &bytes.Buffer{}
		cfg := standard
		cfg.MasterKeys = masters(t, 1)
		_, s := open(t, w.path, cfg, log)
		after := w.rows()
		if len(before) != 4 || len(after) != 3 {
			t.Errorf("%d keys, then %d", len(before), len(after))
		}
		for _, k := range after {
			if k.SealedBy == "" || k.Exposed || k.Number <= 4 {
				t.Errorf("key %d (%s) stands there as %+v", k.Number, k.Purpose, k)
			}
			for _, old := range before {
				if bytes.Equal(k.Public, old.Public) && k.Public != nil || bytes.Contains(k.Secret, old.Secret) {
					t.Errorf("key %d is key %d", k.Number, old.Number)
				}
			}
		}
		if infos, err := auth.ListKeys(w.ctx, w.store); err != nil || len(infos) != 1 || !infos[0].Encrypted || infos[0].State != auth.KeySigning {
			t.Errorf("listed %+v, %v", infos, err)
		}
		if n := w.count(`select count(*) from audit where kind = 'KEYS_REPLACED' and key_id <> ''`); n != 1 {
			t.Errorf("%d entries of the audit record, want 1", n)
		}
		if text := log.String(); strings.Count(text, "in the clear") != 1 || !strings.Contains(text, "level=WARN") || !strings.Contains(text, "dropped=4") {
			t.Errorf("the log says %s", text)
		}
		// What the old key signs is refused, and its holder refreshes.
		_, err := s.Authenticate(w.ctx, g.AccessToken, true)
		wantError(t, err, auth.CodeUnauthenticated, auth.ReasonUnknownToken)
		if g, err = s.Refresh(w.ctx, from(g.RefreshToken), plain); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(w.ctx, g.AccessToken, true); err != nil {
			t.Error(err)
		}
		w.tried("eve@example.com")
		if n := w.count(`select count(distinct subject) from login_failures where subject like 'account:%'`); n != 1 {
			t.Errorf("the one without a master key counts under %d names", n)
		}
		(&world{Service: s, t: t, ctx: w.ctx}).tried("eve@example.com")
		if n := w.count(`select count(distinct subject) from login_failures where subject like 'account:%'`); n != 2 {
			t.Errorf("failures are counted under %d names, want another with the new key", n)
		}
		w.withoutMaster(t, g.AccessToken, g.RefreshToken)
	})
}

// tried tries a wrong password.
func (w *world) tried(email string) {
	w.t.Helper()
	_, err := w.Login(w.ctx, email, "wrong", from())
	wantError(w.t, err, auth.CodeUnauthenticated, auth.ReasonInvalidCredentials)
}

// withoutMaster holds that a process without the master key takes tokens of keys that it cannot open, and signs none:
// neither with the keys that it knew nor with one of its own.
func (w *world) withoutMaster(t *testing.T, accessToken, refreshToken string) {
	t.Helper()
	before := w.rows()
	w.runFor(time.Second)
	if _, err := w.Authenticate(w.ctx, accessToken, true); err != nil {
		t.Errorf("a token of the key that it cannot open: %v", err)
	}
	_, err := w.Refresh(w.ctx, from(refreshToken), plain)
	wantIs(t, err, auth.ErrNoMasterKey)
	if !strings.Contains(w.log.String(), "cannot read the signing keys") {
		t.Errorf("it does not complain:\n%s", w.log)
	}
	_, err = auth.RotateKeys(w.ctx, w.store, nil)
	wantIs(t, err, auth.ErrNoMasterKey)
	if diff := cmp.Diff(before, w.rows()); diff != "" {
		t.Errorf("the keys change (-were +are):\n%s", diff)
	}
}

// TestKeysOfAnEarlierReleaseAreReplaced has keys that are encrypted, of which nothing says that they always were.
func TestKeysOfAnEarlierReleaseAreReplaced(t *testing.T) {
	cfg := standard
	cfg.MasterKeys = masters(t, 1)
	inBubble(t, cfg, func(t *testing.T, w *world) {
		first := w.rows()
		for _, row := range []struct {
			name    string
			exposed []int64
			drop    int
		}{
			{"none", nil, 0},
			{"the signing key", []int64{1}, 1},
			{"the other", []int64{2}, 1},
		} {
			before := w.rows()
			for _, number := range row.exposed {
				if _, err := w.raw.Exec(`update signing_keys set exposed = 1 where number = $1`, number); err != nil {
					t.Fatal(err)
				}
			}
			log := &bytes.Buffer{}
			open(t, w.path, cfg, log)
			dropped := 0
			for _, k := range before {
				if !slices.ContainsFunc(w.rows(), func(now auth.Key) bool { return bytes.Equal(k.Secret, now.Secret) }) {
					dropped++
				}
			}
			if dropped != row.drop || strings.Contains(log.String(), "dropped=1") != (row.drop == 1) {
				t.Errorf("%s: %d keys are dropped: %s", row.name, dropped, log)
			}
		}
		if len(first) != 3 || len(w.rows()) != 3 {
			t.Errorf("%d keys, then %d", len(first), len(w.rows()))
		}
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

// TestDamagedClearKeys changes the rows of keys where there is no master key.
func TestDamagedClearKeys(t *testing.T) {
	other := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	for name, damage := range map[string]func(k *auth.Key){
		"the public key of another in part": func(k *auth.Key) { k.Public = other[:31] },
		"the public key of another":         func(k *auth.Key) { k.Public = other },
		"too short":                         func(k *auth.Key) { k.Secret = make([]byte, 31) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, standard, func(t *testing.T, w *world) {
				k := w.rows()[0]
				damage(&k)
				if err := w.store.ChangeKeys(w.ctx, func(time.Time, []auth.Key) (auth.KeyChange, error) {
					return auth.KeyChange{Put: []auth.Key{k}}, nil
				}); err != nil {
					t.Fatal(err)
				}
				if _, err := auth.New(w.ctx, w.store, standard); err == nil || !strings.Contains(err.Error(), "damaged") {
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
