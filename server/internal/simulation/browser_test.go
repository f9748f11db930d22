package simulation

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"example.com/latchkey/shared/session"
)

// lingering is how long a SharedWorker keeps its token without a tab (wasm/hub).
const lingering = 3 * time.Second

// browser is a browser with its tabs. Its user is one goroutine.
type browser struct {
	*device
	shared bool // one SharedWorker for all tabs; else each has a worker of its own
	opened int  // tabs so far

	mu     sync.Mutex // guards what follows
	worker *worker    // the SharedWorker, where it runs
	tabs   []*tab
	idle   *time.Timer
}

// tab is a tab, or a page's life in one.
type tab struct {
	*link
	browser *browser
	ctx     context.Context // ends with the page
	close   context.CancelFunc

	mu     sync.Mutex // guards what follows
	worker *worker    // once the page has started it
	gone   bool
}

func (w *world) newBrowser(i int, shared bool) *browser {
	return &browser{device: w.newDevice(fmt.Sprintf("browser %d", i+1), i), shared: shared}
}

// open opens a tab. The page is asked for after a while, and given up after patience, where that is not 0.
func (b *browser) open(after, patience time.Duration) *tab {
	b.opened++
	t := &tab{link: b.newLink(fmt.Sprintf("%s.%d", b.name, b.opened)), browser: b}
	t.ctx, t.close = context.WithCancel(context.Background())
	b.mu.Lock()
	b.tabs = append(b.tabs, t)
	if b.idle != nil {
		b.idle.Stop()
		b.idle = nil
	}
	b.mu.Unlock()
	b.w.running.Go(func() { t.load(after, patience) })
	return t
}

// load asks for the page and starts its worker.
func (t *tab) load(after, patience time.Duration) {
	time.Sleep(after)
	ctx := t.ctx
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	who := t.session()
	resp, err := t.send(ctx, &message{kind: page, method: http.MethodGet, path: "/posts",
		header: http.Header{"Sec-Fetch-Site": {"none"}}})
	if err != nil {
		return // what the person sees is the browser's own
	}
	body, _ := io.ReadAll(resp.Body) // a page that was cut is shown as far as it came
	t.judge(resp.StatusCode, string(body), who)
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnauthorized {
		return
	}
	time.Sleep(t.dice.between(20*time.Millisecond, 400*time.Millisecond))
	if w := t.start(); w != nil && resp.StatusCode == http.StatusOK {
		w.resume(t.ctx)
	}
}

// judge looks at the page as its user does. The session is the one that there was when it was asked for.
func (t *tab) judge(status int, body, session string) {
	switch {
	case status == http.StatusUnauthorized:
		t.lost(t.who, "a page is the login form", session)
	case status == http.StatusOK && strings.Contains(body, "</html>") && !strings.Contains(body, `data-session="active"`):
		t.w.fail(t.who, "a page with status 200 knows no session")
	case status != http.StatusOK && status != http.StatusServiceUnavailable:
		t.w.fail(t.who, "a page has status %d", status)
	}
}

// start starts the tab's worker, or joins the browser's. It returns nil where the tab is gone.
func (t *tab) start() *worker {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.gone:
		return nil
	case t.worker != nil:
	case t.browser.shared:
		t.worker = t.browser.sharedWorker()
	default:
		t.worker = t.newWorker(t.who + " worker")
	}
	return t.worker
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

// running returns the tab's worker, if it has one by now.
func (t *tab) running() *worker {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.worker
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
	t := b.open(0, 0)
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
