package simulation

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// conditions say how bad the network of a history is.
type conditions struct {
	slow    float64 // of messages that take seconds, up to the bound
	lost    float64 // of requests, and of answers
	cut     float64 // of answers
	refused float64 // of requests that meet a 503
	held    float64 // of navigations that take longer than the queue makes them, up to minutes
	outside float64 // of messages that take longer than the bound, up to minutes
}

// fate is what becomes of one request.
type fate struct {
	up, queue, work, down time.Duration
	loseUp, loseDown      bool
	reset                 bool    // a loss is noticed
	unavailable           bool    // a 503 from something in between
	cut                   float64 // the share of the answer that arrives; 1: all
	goesOn                bool    // it arrives also where the client gives up meanwhile
	process               float64
	late                  time.Duration // after the wake, where it is delivered then
	start                 time.Duration // of a navigation: from when it may leave until it does
	dead                  time.Duration // of a navigation: from a loss until the browser finds the connection dead
}

// latest is the longest that anything takes inside the bound: the database counts whole milliseconds.
const latest = grace - 2*time.Millisecond

var errReset = errors.New("connection reset by peer")

// link is the way of one worker, tab, program or thief to the server.
type link struct {
	*device
	who  string
	dice *dice

	mu    sync.Mutex // guards fates
	fates map[string]*dice
}

func (d *device) newLink(who string) *link {
	return &link{device: d, who: who, dice: d.w.random(who), fates: map[string]*dice{}}
}

// purpose is the key of what a context's requests are for.
type purpose struct{}

// diceFor returns the dice for requests of a kind and a purpose: those of two may be sent by two goroutines at once,
// and which comes first is not for the scheduler to say.
func (l *link) diceFor(ctx context.Context, k kind) *dice {
	name := fmt.Sprint(l.who, " ", k, " ", ctx.Value(purpose{}))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fates[name] == nil {
		l.fates[name] = l.w.random(name)
	}
	return l.fates[name]
}

// fate draws what becomes of a request.
func (l *link) fate(ctx context.Context, k kind) fate {
	if l.planned != nil {
		return l.planned(l.who, k)
	}
	c, dice := l.w.conditions(), l.diceFor(ctx, k)
	f := fate{cut: 1, reset: dice.chance(0.5), goesOn: dice.chance(0.5), process: dice.float(),
		late: dice.between(time.Millisecond, 100*time.Millisecond)}
	f.up, f.queue = delay(dice, c)
	f.down, f.work = delay(dice, c)
	f.loseUp, f.loseDown = dice.chance(c.lost), dice.chance(c.lost)
	f.unavailable = dice.chance(c.refused)
	if dice.chance(c.cut) {
		f.cut = dice.float()
	}
	if k == page {
		f.start, f.dead = dice.between(time.Millisecond, 5*time.Millisecond), dice.scaled(10*time.Second, 5*time.Minute)
		if dice.chance(c.held) {
			f.up += dice.scaled(time.Second, 10*time.Minute)
		}
	}
	return f
}

// delay draws the time of a message on the way, and of its waiting in the server; both together stay inside the bound.
func delay(dice *dice, c conditions) (way, server time.Duration) {
	all := dice.between(2*time.Millisecond, 300*time.Millisecond)
	switch x := dice.float(); {
	case x < c.outside:
		all = dice.scaled(grace, 5*time.Minute)
	case x < c.outside+c.slow/2:
		all = dice.between(0, latest)
	case x < c.outside+c.slow:
		all = dice.scaled(200*time.Millisecond, 8*time.Second)
	}
	server = min(all/2, dice.between(0, 20*time.Millisecond))
	return all - server, server
}

func (w *world) conditions() conditions {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm {
		return conditions{}
	}
	return w.net
}

// settle makes the network a good one.
func (w *world) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = true
}

// answer is what a device gets of an answer.
type answer struct {
	resp *http.Response
	err  error
}

// send makes a request, sends it and waits for its answer, until ctx ends. Where the device sleeps it waits for the wake
// first: nothing on it runs meanwhile.
func (l *link) send(ctx context.Context, m *message) (*http.Response, error) {
	naps := l.awake()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.make(m)
	return l.exchange(ctx, m, l.fate(ctx, m.kind), naps)
}

// make makes a request, with the jar's cookie of this moment.
func (l *link) make(m *message) {
	m.from, m.who, m.made = l.device, l.who, time.Now()
	if !l.thief {
		m.cookie = l.jar.value()
	}
	if m.kind == logout || m.kind == login {
		l.w.watch.leave(m.cookie)
	}
	l.w.note(l.who, "makes %s with %v", m, l.w.watch.name(m.cookie))
}

// exchange sends a request that was made and waits for its answer, until ctx ends.
func (l *link) exchange(ctx context.Context, m *message, f fate, naps int) (*http.Response, error) {
	if time.Since(m.made) > 0 {
		l.w.note(l.who, "sends its %s", m)
	}
	back := make(chan answer, 1)
	l.w.running.Go(func() { l.carry(ctx, m, f, naps, back) })
	select {
	case a := <-back:
		return a.resp, a.err
	case <-ctx.Done():
		l.awake()
		return nil, ctx.Err()
	}
}

// carry takes a request to a process and the answer back.
func (l *link) carry(ctx context.Context, m *message, f fate, naps int, back chan<- answer) {
	time.Sleep(f.up)
	if f.loseUp || ctx.Err() != nil && !f.goesOn {
		l.drop(f, m, "is lost on the way", back)
		return
	}
	if f.unavailable {
		l.deliver(ctx, m, f, naps, []byte("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"), back)
		return
	}
	p := l.w.choose(f.process)
	life, up := p.running()
	if !up {
		back <- answer{err: errors.New("connection refused")}
		return
	}
	time.Sleep(f.queue)
	if now, up := p.running(); !up || now != life {
		l.drop(f, m, "was not acted on", back)
		return
	}
	m.reached = time.Now()
	data := l.w.mutant.answer(m, p.serve(m))
	time.Sleep(f.work)
	if now, up := p.running(); !up || now != life {
		l.w.count(func(t *tally) { t.lost++ })
		l.drop(f, m, "was acted on and not answered", back)
		return
	}
	time.Sleep(f.down)
	if f.loseDown {
		l.w.count(func(t *tally) { t.lost++ })
		l.drop(f, m, "loses its answer", back)
		return
	}
	l.deliver(ctx, m, f, naps, data, back)
}

// choose picks the process for a request: mostly one that is up.
func (w *world) choose(share float64) *process {
	n := len(w.procs)
	first := int(share * float64(n))
	for i := range n {
		p := w.procs[(first+i)%n]
		if _, up := p.running(); up || share*float64(n)-float64(first) < 0.3 {
			return p
		}
	}
	return w.procs[first]
}

// drop ends an exchange without an answer: at once, or without a word. A client gives up waiting by itself; of a
// navigation the browser finds the connection dead at some time.
func (l *link) drop(f fate, m *message, what string, back chan<- answer) {
	l.w.note(l.who, "its %s %s", m.kind, what)
	if !f.reset && f.dead > 0 {
		time.Sleep(f.dead)
		f.reset = true
	}
	if f.reset {
		back <- answer{err: errReset}
	}
}

// deliver hands an answer to the device, or what arrives of it.
func (l *link) deliver(ctx context.Context, m *message, f fate, naps int, data []byte, back chan<- answer) {
	asleep, now := l.sleeping()
	if (asleep || now != naps) && l.w.net.outside == 0 {
		l.w.count(func(t *tally) { t.lost++ })
		l.drop(f, m, "is answered while the device sleeps", back)
		return
	}
	if asleep {
		l.awake()
		time.Sleep(f.late)
	} else if ctx.Err() != nil {
		l.w.count(func(t *tally) { t.lost++ })
		l.w.note(l.who, "its %s is answered when nobody waits any more", m.kind)
		return
	}
	if f.cut < 1 {
		data = data[:int(f.cut*float64(len(data)))]
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(data)), nil)
	if err != nil {
		l.w.count(func(t *tally) { t.lost++ })
		l.drop(fate{reset: true}, m, "loses its answer within the headers", back)
		return
	}
	body, err := io.ReadAll(resp.Body)
	end := io.Reader(bytes.NewReader(nil))
	if err != nil {
		end = failing{io.ErrUnexpectedEOF}
	}
	if !l.program {
		l.jar.SetCookies(nil, resp.Cookies())
	}
	l.w.note(l.who, "its %s is answered, %d bytes (%v); the jar has %v", m.kind, len(body), err,
		l.w.watch.name(l.jar.value()))
	body = l.seen(resp.Header, body)
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), end))
	back <- answer{resp: resp}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
