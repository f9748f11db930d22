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

func TestForget(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		want(t, k, "token-1")
		k.Forget()
		if state := k.State(); state != (token.State[string]{}) {
			t.Errorf("state %+v, want that of a new keeper", state)
		}
		time.Sleep(time.Hour)
		wantAsked(t, i, 1)
		want(t, k, "token-2")

		// While somebody waits, and the fetch takes its time to stop.
		stuck(i, time.Second)
		k.Forget()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := k.Token(t.Context()); !errors.Is(err, token.ErrForgotten) {
					t.Errorf("err = %v, want ErrForgotten", err)
				}
			})
			wg.Go(func() {
				if err := k.Renew(t.Context()); !errors.Is(err, token.ErrForgotten) {
					t.Errorf("err = %v, want ErrForgotten", err)
				}
			})
		}
		synctest.Wait()
		k.Forget()
		i.says(nil)
		start := time.Now()
		want(t, k, "token-4") // whoever comes later waits for the old fetch to stop, and makes one of its own
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %v, want the second that an aborted fetch takes to stop", waited)
		}
		wg.Wait()
		wantAsked(t, i, 4)
	})
}

func TestForgetDuringReplace(t *testing.T) {
	bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
		err := k.Replace(t.Context(), func(context.Context) (token.Token[string], error) {
			k.Forget()
			return grant("login", time.Minute), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if state := k.State(); state.Phase != token.Empty {
			t.Errorf("state %+v: what was forgotten is back", state)
		}
		time.Sleep(time.Hour)
		wantAsked(t, i, 0)
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Minute}
		k := token.New(token.Config[string]{Fetch: i.fetch})
		k.Observe(func(token.State[string]) {})
		want(t, k, "token-1")
		stuck(i, 3*time.Second)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := k.Renew(t.Context()); err != token.ErrClosed {
				t.Errorf("Renew: %v, want ErrClosed", err)
			}
		})
		synctest.Wait()
		start := time.Now()
		wg.Go(k.Close)
		k.Close()
		if waited := time.Since(start); waited != 3*time.Second || i.busy.Load() != 0 {
			t.Errorf("closed after %v with %d fetches under way, want 3s and none", waited, i.busy.Load())
		}
		wg.Wait()
		wantClosed(t, k)
		if state := k.State(); state != (token.State[string]{}) {
			t.Errorf("state %+v", state)
		}
		time.Sleep(time.Hour)
		wantAsked(t, i, 2)
	})
}

func TestAbortDoesNotWaitForTheNextTry(t *testing.T) {
	aborts := map[string]func(*token.Keeper[string]){
		"Close":  func(k *token.Keeper[string]) { k.Close() },
		"Forget": func(k *token.Keeper[string]) { k.Forget() },
		"Drop": func(k *token.Keeper[string]) {
			_ = k.Drop(context.Background(), func(context.Context) error { return nil }, errNo)
		},
	}
	for name, abort := range aborts {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, k *token.Keeper[string], i *issuer) {
				i.says(func(context.Context, int) error { return token.Delay(errFault, time.Minute) })
				var wg sync.WaitGroup
				wg.Go(func() {
					if _, err := k.Token(t.Context()); err == nil {
						t.Error("a token out of nowhere")
					}
				})
				synctest.Wait()
				start := time.Now()
				abort(k)
				wg.Wait()
				if waited := time.Since(start); waited != 0 {
					t.Errorf("took %v", waited)
				}
				wantAsked(t, i, 1)
			})
		})
	}
}

func TestCloseDuringReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{life: time.Minute}
		stuck(i, 0)
		k := token.New(token.Config[string]{Fetch: i.fetch})
		var wg sync.WaitGroup
		for range 2 { // one has the turn, one waits for it
			wg.Go(func() {
				err := k.Replace(t.Context(), func(ctx context.Context) (token.Token[string], error) {
					<-ctx.Done()
					<-time.After(time.Second)
					return token.Token[string]{}, ctx.Err()
				})
				if err != token.ErrClosed {
					t.Errorf("Replace: %v, want ErrClosed", err)
				}
			})
		}
		wg.Go(func() {
			if _, err := k.Token(t.Context()); err != token.ErrClosed {
				t.Errorf("Token: %v, want ErrClosed", err)
			}
		})
		synctest.Wait()
		start := time.Now()
		k.Close()
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("closed after %v, want the second that the login takes to stop", waited)
		}
		wg.Wait()
		wantClosed(t, k)
	})
}

func wantClosed(t *testing.T, k *token.Keeper[string]) {
	t.Helper()
	_, err := k.Token(t.Context())
	calls := map[string]error{
		"Token": err,
		"Renew": k.Renew(t.Context()),
		"Drop":  k.Drop(t.Context(), func(context.Context) error { return nil }, errNo),
	}
	for name, err := range calls {
		if err != token.ErrClosed {
			t.Errorf("%s after Close: %v, want ErrClosed", name, err)
		}
	}
	k.Forget()
}
