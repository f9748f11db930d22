package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/auth"
)

// key returns a key with something in every field.
func key(number int64, now time.Time) auth.Key {
	return auth.Key{Number: number, Purpose: auth.KeyAccessTokens, Public: fmt.Appendf(nil, "public %d", number),
		Secret: fmt.Appendf(nil, "secret %d", number), SealedBy: "a master key", CreatedAt: now,
		ActivatesAt: now.Add(time.Minute), AccessTTL: 5 * time.Minute, Exposed: number%2 == 0}
}

// changeKeys applies a change to the keys.
func (f *fixture) changeKeys(s Store, step func(now time.Time, keys []auth.Key) auth.KeyChange) {
	f.t.Helper()
	if err := s.ChangeKeys(ctx, func(now time.Time, keys []auth.Key) (auth.KeyChange, error) { return step(now, keys), nil }); err != nil {
		f.t.Fatal(err)
	}
}

// wantKeys holds that every process sees these keys.
func (f *fixture) wantKeys(want []auth.Key, stores ...Store) {
	f.t.Helper()
	for i, s := range stores {
		got, now, err := s.Keys(ctx)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			f.t.Errorf("process %d: keys (-want +got): %v\n%s", i, err, diff)
		}
		if age := time.Since(now); age < -time.Minute || age > time.Minute {
			f.t.Errorf("process %d: now is %v", i, now)
		}
	}
}

func testKeys(t *testing.T, f *fixture) {
	s, other := f.process(), f.process()
	f.wantKeys(nil, s, other)
	var want []auth.Key
	f.changeKeys(s, func(now time.Time, keys []auth.Key) auth.KeyChange {
		plain := auth.Key{Number: 3, Purpose: auth.KeyFailedLogins, Secret: []byte("secret"), CreatedAt: now, ActivatesAt: now}
		want = []auth.Key{key(1, now), key(2, now), plain}
		return auth.KeyChange{Put: []auth.Key{plain, want[1], want[0]},
			Events: []auth.Event{{Kind: auth.EventKeyAnnounced, At: now}}}
	})
	f.wantKeys(want, s, other)
	f.changeKeys(other, func(now time.Time, keys []auth.Key) auth.KeyChange {
		if diff := cmp.Diff(want, keys); diff != "" {
			t.Errorf("shown keys (-want +got):\n%s", diff)
		}
		want[1].Public, want[1].Secret, want[1].SealedBy = []byte("p"), []byte("s"), ""
		want[1].ActivatesAt, want[1].AccessTTL, want[1].Exposed = now, time.Hour, false
		return auth.KeyChange{Put: []auth.Key{want[1]}, Drop: []int64{1, 99}}
	})
	want = want[1:]
	f.wantKeys(want, s, other)
	wantIs(t, s.ChangeKeys(ctx, func(time.Time, []auth.Key) (auth.KeyChange, error) {
		return auth.KeyChange{Drop: []int64{2, 3}}, errGivenUp
	}), errGivenUp)
	f.changeKeys(s, func(time.Time, []auth.Key) auth.KeyChange { return auth.KeyChange{} })
	f.wantKeys(want, s, other)
}

// testRacingKeys has processes add keys at the same moment: each sees what those before it have added.
func testRacingKeys(t *testing.T, f *fixture) {
	const n = 16
	stores := []Store{f.process(), f.process()}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := stores[i%2].ChangeKeys(ctx, func(now time.Time, keys []auth.Key) (auth.KeyChange, error) {
				return auth.KeyChange{Put: []auth.Key{key(int64(len(keys)+1), now)}}, nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	keys, _, err := stores[0].Keys(ctx)
	if err != nil || len(keys) != n {
		t.Fatalf("%d keys of %d, %v", len(keys), n, err)
	}
	for i := range keys[1:] {
		if keys[i+1].CreatedAt.Before(keys[i].CreatedAt) {
			t.Errorf("key %d is older than the one before", i+2)
		}
	}
}
