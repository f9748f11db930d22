package answer_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/graph/answer"
	"example.com/latchkey/server/internal/inflight"
)

func charge(t *testing.T, bytes int) *inflight.Charge {
	t.Helper()
	c, ok := inflight.New(inflight.Limits{Bytes: bytes}).Admit("network")
	if !ok {
		t.Fatal("the first request is refused")
	}
	return c
}

func loads(b *answer.Budget, bytes int) error {
	return b.Load(context.Background(), func() (int, error) { return bytes, nil })
}

func TestBudget(t *testing.T) {
	fault := errors.New("fault")
	for _, row := range []struct {
		name    string
		network int
		use     func(*answer.Budget) error
		want    error
	}{
		{"all loaded", 1 << 30, func(b *answer.Budget) error { return loads(b, answer.Max) }, nil},
		{"too much loaded", 1 << 30, func(b *answer.Budget) error { return loads(b, answer.Max+1) }, answer.ErrTooLarge},
		{"too much encoded", 1 << 30, func(b *answer.Budget) error { return b.Encode(answer.Max + 1) }, answer.ErrTooLarge},
		{"too much of both", 1 << 30, func(b *answer.Budget) error {
			return errors.Join(loads(b, answer.Max-10), b.Encode(11))
		}, answer.ErrTooLarge},
		{"too much in short texts", 1 << 30, func(b *answer.Budget) error { return b.Finish(2 * answer.Max) }, answer.ErrTooLarge},
		{"nothing is charged twice", 1 << 30, func(b *answer.Budget) error {
			return errors.Join(b.Encode(answer.Max), b.Finish(answer.Max+1000))
		}, nil},
		{"used up once and for all", 1 << 30, func(b *answer.Budget) error {
			_ = b.Encode(answer.Max + 1)
			return loads(b, 0)
		}, answer.ErrTooLarge},
		{"nothing is loaded then", 1 << 30, func(b *answer.Budget) error {
			_ = b.Encode(answer.Max + 1)
			return b.Load(context.Background(), func() (int, error) { return 0, fault })
		}, answer.ErrTooLarge},
		{"the network's memory, loaded", 100, func(b *answer.Budget) error { return loads(b, 102) }, inflight.ErrUsedUp},
		{"the network's memory, encoded twice over", 100, func(b *answer.Budget) error { return b.Encode(51) }, inflight.ErrUsedUp},
		{"a small answer costs the network nothing", 0, func(b *answer.Budget) error { return b.Finish(10_000) }, nil},
		{"a load that fails", 100, func(b *answer.Budget) error {
			return b.Load(context.Background(), func() (int, error) { return 1000, fault })
		}, fault},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := answer.New(charge(t, row.network+1))
			if err := row.use(b); !errors.Is(err, row.want) {
				t.Errorf("%v, want %v", err, row.want)
			}
			if !errors.Is(row.want, fault) && !errors.Is(b.Err(), row.want) {
				t.Errorf("the budget says %v, want %v", b.Err(), row.want)
			}
		})
	}
}

// Few loads run at once, and one that waits for its turn gives up with its context.
func TestLoadsWaitForTheirTurn(t *testing.T) {
	b := answer.New(nil)
	started, release := make(chan struct{}, 100), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	errs := make(chan error, 10)
	for range 10 {
		all.Go(func() {
			errs <- b.Load(ctx, func() (int, error) {
				started <- struct{}{}
				<-release
				return 1, nil
			})
		})
	}
	for range 4 {
		<-started
	}
	cancel()
	for range 6 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	close(release)
	all.Wait()
	if len(started) > 0 {
		t.Errorf("%d more loads ran", len(started))
	}
}

func TestNoBudget(t *testing.T) {
	b := answer.FromContext(context.Background())
	if b != nil || loads(b, 1<<40) != nil || b.Encode(1<<40) != nil || b.Finish(1<<40) != nil || b.Err() != nil {
		t.Error("no budget has bounds")
	}
}
