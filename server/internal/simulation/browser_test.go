package simulation

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"example.com/latchkey/shared/session"
)

// lingering is how long a SharedWorker keeps its token without a tab (wasm/hub).
const lingering = 3 * time.Second

// browser is a browser with its tabs. Its user is one goroutine.
type browser struct {
	*device
	queue      queue
	shared     bool // one SharedWorker for all tabs; else each has a worker of its own
	scriptless bool // there are no workers, and every page is the server's
	opened     int  // tabs so far

	mu     sync.Mutex // guards what follows
	worker *worker    // the SharedWorker, where it runs
	tabs   []*tab
	idle   *time.Timer
}

func (w *world) newBrowser(i int, shared bool) *browser {
	return &browser{device: w.newDevice(fmt.Sprintf("browser %d", i+1), i), shared: shared,
		queue: queue{lines: map[string][]*navigation{}}}
}

// open opens a tab. The navigation is made after a while, and given up after patience, where that is not 0.
func (b *browser) open(m *message, after, patience time.Duration) *tab {
	b.opened++
	t := &tab{link: b.newLink(fmt.Sprintf("%s.%d", b.name, b.opened)), browser: b, address: m.path}
	t.ctx, t.close = context.WithCancel(context.Background())
	b.mu.Lock()
	b.tabs = append(b.tabs, t)
	if b.idle != nil {
		b.idle.Stop()
		b.idle = nil
	}
	b.mu.Unlock()
	b.w.running.Go(func() { t.load(m, after, patience) })
	return t
}

// sharedWorker returns the browser's worker, which it starts where there is none.
func (b *browser) sharedWorker() *worker {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.worker == nil {
		b.worker = b.newWorker(fmt.Sprintf("%s.w%d", b.name, b.opened))
	}
	return b.worker
}

// shut closes a tab. A worker of its own ends with it, and a shared one forgets its token a while after the last tab.
func (b *browser) shut(t *tab) {
	t.close()
	t.mu.Lock()
	t.gone = true
	own := t.worker
	t.mu.Unlock()
	b.mu.Lock()
	b.tabs = without(b.tabs, t)
	last, shared := len(b.tabs) == 0, b.worker
	if b.shared && last && shared != nil {
		b.idle = time.AfterFunc(lingering, shared.s.Forget)
	}
	b.mu.Unlock()
	if own != nil && !b.shared {
		own.close()
	}
}

// quit closes the browser: the cookie is all that stays.
func (b *browser) quit() {
	for _, t := range b.list() {
		b.shut(t)
	}
	b.mu.Lock()
	worker, idle := b.worker, b.idle
	b.worker, b.idle = nil, nil
	b.mu.Unlock()
	if idle != nil {
		idle.Stop()
	}
	if worker != nil {
		worker.close()
	}
	b.w.note(b.name, "is closed")
}

// list returns the tabs.
func (b *browser) list() []*tab {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*tab(nil), b.tabs...)
}

func without(list []*tab, t *tab) []*tab {
	var rest []*tab
	for _, one := range list {
		if one != t {
			rest = append(rest, one)
		}
	}
	return rest
}

// prove has the browser show, on a good network, that its user is logged in: on a page, in the client, and again once
// the client's token has been renewed.
func (b *browser) prove() {
	b.quit()
	if b.scriptless {
		b.provePages()
		return
	}
	t := b.open(get("/posts"), 0, 0)
	time.Sleep(2 * time.Second)
	for range 2 {
		w := t.running()
		switch {
		case len(b.w.broken()) > 0:
			return
		case w == nil:
			b.w.fail(t.who, "no page came")
			return
		case w.s.State().Phase != session.Active:
			b.lost(t.who, "in the end the client is "+w.s.State().Phase.String(), b.session())
			return
		}
		w.query(t.ctx)
		time.Sleep(accessTTL)
	}
}

// provePages is prove without scripts: two pages, one after the other.
func (b *browser) provePages() {
	for range 2 {
		t := b.open(get("/posts"), 0, 0)
		time.Sleep(2 * time.Second)
		if status := t.shows(); status != http.StatusOK && len(b.w.broken()) == 0 {
			b.lost(t.who, fmt.Sprintf("in the end a page has status %d", status), b.session())
		}
		time.Sleep(accessTTL)
		b.shut(t)
	}
}
