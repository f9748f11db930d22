package token

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// Phase is where a keeper stands; the package doc draws how one leads to another.
type Phase int

// The phases.
const (
	Empty   Phase = iota // no token, and no word that there is none: Token fetches one
	Live                 // a token is held; it may be stale, and then is fetched again before it is given out
	Refused              // the issuer has said no
)

// String names the phase.
func (p Phase) String() string {
	switch p {
	case Empty:
		return "empty"
	case Live:
		return "live"
	case Refused:
		return "refused"
	}
	return "Phase(" + strconv.Itoa(int(p)) + ")"
}

// State is one moment of a keeper. It does not hold the token.
type State[H any] struct {
	Phase       Phase
	Holder      H         // Live: what came with the token
	Arrived     time.Time // Live: when the token came, by the wall clock
	Expiry      time.Time // Live: its arrival and its lifetime
	NextRefresh time.Time // when the next fetch is due, by the wall clock; zero where none is
	Refreshes   int       // how many tokens have been fetched to replace another since the keeper became Live
	Refusal     error     // Refused: what the issuer said
	Lost        bool      // Refused: there was a token before the first refusal
	Err         error     // the last fault of the fetch that is being tried again, in whatever phase; nil where none is
}

// Config says how to fetch.
type Config[H any] struct {
	// Fetch asks the issuer for a token, once. A no is marked with [Refuse]; any other error is a fault, after
	// which Fetch is called again (after a while: [Delay]). It must return soon after its context has ended. It is
	// never called twice at a time, nor during Replace and Drop.
	Fetch func(context.Context) (Token[H], error)
	// Timeout bounds one call of Fetch. The default is 30 s.
	Timeout time.Duration
	// Random scatters renewals and retries: numbers in [0, 1), asked for one at a time. The default is
	// [rand.Float64]; a test that is to repeat gives another.
	Random func() float64
}

// Keeper keeps one token fresh. Any number of goroutines may use it at once.
type Keeper[H any] struct {
	fetch   func(context.Context) (Token[H], error)
	timeout time.Duration
	random  func() float64
	life    context.Context // of whatever runs; ends with Close
	end     context.CancelFunc
	notices notices[State[H]]

	// mu guards what follows. It is never held while waiting or calling out.
	mu        sync.Mutex
	phase     Phase
	held      *held[H]  // Live
	refused   error     // Refused
	lost      bool      // Refused
	fault     error     // the last one of the flight
	retry     time.Time // when the flight tries again
	refreshes int
	flight    *flight       // the fetch under way
	turn      chan struct{} // closed at the end of the Replace or Drop under way
	timer     *time.Timer   // for the renewal of held
	forgotten int           // how often Forget was called: those who were waiting then are told
	closed    bool
}

// New returns a keeper that holds nothing yet and asks nobody until it is asked itself.
func New[H any](c Config[H]) *Keeper[H] {
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	life, end := context.WithCancel(context.Background())
	return &Keeper[H]{fetch: c.Fetch, timeout: c.Timeout, random: c.Random, life: life, end: end}
}

// Token returns a token with life left, after waiting for a fetch where there is none. The error is the refusal's,
// as it was given to [Refuse]; [ErrClosed] or [ErrForgotten]; or it wraps the context's, and with it the last fault.
// A context that ends does the fetch no harm.
func (k *Keeper[H]) Token(ctx context.Context) (Secret, error) {
	var secret Secret
	err := k.until(ctx, func(*flight) (done bool, err error) {
		switch {
		case k.held != nil && k.held.fresh(time.Now()):
			secret = k.held.Secret
			return true, nil
		case k.phase == Refused && k.flight == nil && k.turn == nil:
			return true, k.refused
		}
		return false, nil
	})
	return secret, err
}

// Renew fetches a token, whatever there is: also after a refusal, and also where the token held has life left (it
// is given out in the meantime). It returns once the issuer has spoken to a fetch that did not begin before the call:
// an earlier one may have been for somebody else. The errors are those of Token.
func (k *Keeper[H]) Renew(ctx context.Context) error {
	called := time.Now()
	return k.until(ctx, func(joined *flight) (done bool, err error) {
		if joined != nil && joined.over && !joined.aborted && !joined.began.Before(called) {
			return true, joined.refused
		}
		return false, nil
	})
}

// until calls look, with mu held, until it is done. Between two calls it waits for the end of a flight, which look
// is then given, or for that of the Replace or Drop under way.
func (k *Keeper[H]) until(ctx context.Context, look func(*flight) (done bool, err error)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	since := k.forgotten
	var joined *flight
	for {
		switch {
		case k.closed:
			return ErrClosed
		case k.forgotten != since:
			return ErrForgotten
		}
		if done, err := look(joined); done {
			return err
		}
		if err := ctx.Err(); err != nil {
			return gaveUp(err, k.fault)
		}
		var wait <-chan struct{}
		wait, joined = k.board()
		k.mu.Unlock()
		await(ctx, wait)
		k.mu.Lock()
	}
}

// Wake says that the machine has slept, or that a network is back: what timers would do too late is done now. A
// renewal that is due by the wall clock begins, and a fetch that waits for its next try is made again within 250 ms,
// its backoff begun anew; what the issuer has asked for ([Delay]) is waited for all the same. Where nothing is due,
// Wake does nothing. It does not wait, and may be called often.
func (k *Keeper[H]) Wake() {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.flight != nil:
		k.flight.wake()
	case k.held != nil && k.turn == nil:
		k.arm()
	}
}

// Forget drops the token and the timer and aborts a fetch that is under way, without a word to the issuer: the
// keeper is Empty, as after New. What a running Replace brings is thrown away too.
func (k *Keeper[H]) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	k.forgotten++
	k.flight.abort()
	k.become(Empty)
	k.publish()
}

// State returns the present state.
func (k *Keeper[H]) State() State[H] {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state()
}

// Observe has tell called with every state from now on: in order, never two calls at once among all observers, and
// never from within a method of the keeper. tell may call any of them. No call begins after stop has returned.
func (k *Keeper[H]) Observe(tell func(State[H])) (stop func()) {
	return k.notices.add(tell)
}

// Close drops the token, aborts what runs and waits until it has stopped. Observers are told nothing more; a call
// to one that is under way is not waited for, so that an observer may call Close.
func (k *Keeper[H]) Close() {
	k.notices.silence()
	k.mu.Lock()
	k.closed = true
	k.become(Empty)
	k.flight.abort()
	flight, turn := k.flight, k.turn
	k.mu.Unlock()
	k.end()
	if flight != nil {
		<-flight.done
	}
	if turn != nil {
		<-turn
	}
}

// Format writes where the keeper stands, whatever the verb: fmt would read its fields without the lock.
func (k *Keeper[H]) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "token keeper: "+k.State().Phase.String())
}

// await returns when wait is closed or ctx has ended; the caller looks which.
func await(ctx context.Context, wait <-chan struct{}) {
	select {
	case <-wait:
	case <-ctx.Done():
	}
}

// The methods below are called with mu held.

// become leaves whatever was for a phase that holds no token.
func (k *Keeper[H]) become(p Phase) {
	k.disarm()
	k.phase, k.held, k.refused, k.lost = p, nil, nil, false
	k.fault, k.retry, k.refreshes = nil, time.Time{}, 0
}

// hold keeps the token from now on.
func (k *Keeper[H]) hold(t Token[H]) {
	k.disarm()
	k.phase, k.refused, k.lost = Live, nil, false
	k.fault, k.retry = nil, time.Time{}
	instead := k.held != nil && k.held.rejected
	k.held = arrive(t, time.Now(), k.random())
	k.held.instead = instead
	k.arm()
}

// refuse ends what there was with the issuer's no.
func (k *Keeper[H]) refuse(err error, lost bool) {
	k.become(Refused)
	k.refused, k.lost = err, lost
}

func (k *Keeper[H]) arm() {
	k.disarm()
	h := k.held
	k.timer = time.AfterFunc(h.due(time.Now()), func() { k.renew(h) })
}

func (k *Keeper[H]) disarm() {
	if k.timer != nil {
		k.timer.Stop()
		k.timer = nil
	}
}

func (k *Keeper[H]) state() State[H] {
	s := State[H]{
		Phase: k.phase, NextRefresh: k.retry, Refreshes: k.refreshes, Refusal: k.refused, Lost: k.lost, Err: k.fault,
	}
	if k.phase == Live {
		s.Holder, s.Arrived, s.Expiry = k.held.Holder, k.held.arrived, k.held.expiry()
		if k.fault == nil {
			s.NextRefresh = k.held.renewal
		}
	}
	return s
}

func (k *Keeper[H]) publish() { k.notices.publish(k.state()) }
