package token_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/shared/token"
)

// A fetch that was under way already may be for somebody else: Renew waits for one that began after the call, and all
// who call meanwhile for the same.
func TestRenewIsOfAfterItsCall(t *testing.T) {
	for _, row := range []struct {
		name  string
		start func(t *testing.T, k *token.Keeper[string], i *issuer) // leaves a second of the fetch under way
		calls int                                                    // of Renew, at once
		asked int32
	}{
		{"nothing under way", func(*testing.T, *token.Keeper[string], *issuer) {}, 20, 1},
		{"a fetch under way", func(t *testing.T, k *token.Keeper[string], _ *issuer) {
			go func() { _, _ = k.Token(t.Context()) }()
			time.Sleep(time.Second)
		}, 20, 2},
		{"a fetch to be made again", func(t *testing.T, k *token.Keeper[string], i *issuer) {
			i.says(func(context.Context, int) error { return token.Delay(errFault, time.Minute) })
			go func() { _, _ = k.Token(t.Context()) }()
			time.Sleep(3 * time.Second)
			i.says(nil)
		}, 20, 2},
		{"a refusal under way", func(t *testing.T, k *token.Keeper[string], i *issuer) {
			i.says(func(_ context.Context, n int) error {
				if n == 1 {
					return token.Refuse(errNo)
				}
				return nil
			})
			go func() { _, _ = k.Token(t.Context()) }()
			time.Sleep(time.Second)
		}, 20, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
				i.latency = 2 * time.Second
				row.start(t, k, i)
				var wg sync.WaitGroup
				for range row.calls {
					wg.Go(func() {
						if err := k.Renew(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				wantAsked(t, i, row.asked)
			})
		})
	}
}

// Whatever the phase, the state tells why the fetch under way is being tried again, and when; and no more once it is
// not.
func TestStateTellsOfFaults(t *testing.T) {
	for _, row := range []struct {
		name  string
		begin func(t *testing.T, k *token.Keeper[string], i *issuer)
		phase token.Phase
	}{
		{"empty", func(*testing.T, *token.Keeper[string], *issuer) {}, token.Empty},
		{"live", func(t *testing.T, k *token.Keeper[string], _ *issuer) { ask(t, k) }, token.Live},
		{"refused", func(t *testing.T, k *token.Keeper[string], i *issuer) {
			i.says(func(context.Context, int) error { return token.Refuse(errNo) })
			if _, err := k.Token(t.Context()); err != errNo {
				t.Fatal(err)
			}
		}, token.Refused},
	} {
		for _, end := range []struct {
			name string
			do   func(t *testing.T, k *token.Keeper[string], i *issuer)
		}{
			{"answered", func(_ *testing.T, k *token.Keeper[string], i *issuer) {
				i.says(nil)
				k.Wake()
				time.Sleep(time.Second)
			}},
			{"stopped by a login that fails", func(t *testing.T, k *token.Keeper[string], i *issuer) {
				i.says(nil)
				err := k.Replace(t.Context(), func(context.Context) (token.Token[string], error) { return token.Token[string]{}, errNo })
				if err != errNo {
					t.Error(err)
				}
			}},
		} {
			t.Run(row.name+", "+end.name, func(t *testing.T) {
				bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
					row.begin(t, k, i)
					i.says(func(context.Context, int) error { return errFault })
					gone, cancel := context.WithCancel(t.Context())
					go func() { _ = k.Renew(gone) }()
					time.Sleep(10 * time.Second)
					state := k.State()
					if state.Phase != row.phase || state.Err != errFault || (state.Refusal != nil) != (row.phase == token.Refused) {
						t.Errorf("state %+v", state)
					}
					if next := time.Until(state.NextRefresh); next < 0 || next > 30*time.Second {
						t.Errorf("the next try is in %v", next)
					}
					cancel()
					synctest.Wait()
					end.do(t, k, i)
					if state := k.State(); state.Err != nil || errors.Is(state.Refusal, errFault) {
						t.Errorf("then: state %+v", state)
					}
				})
			})
		}
	}
}
