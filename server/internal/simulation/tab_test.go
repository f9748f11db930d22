package simulation

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// tab is a tab, or a page's life in one.
type tab struct {
	*link
	browser *browser
	address string          // that it shows
	ctx     context.Context // ends with the page
	close   context.CancelFunc

	mu     sync.Mutex // guards what follows
	worker *worker    // once the page has started it
	status int        // of the page; 0: none came
	gone   bool
}

// get is a request for the page at an address.
func get(address string) *message {
	return &message{kind: page, method: http.MethodGet, path: address, header: http.Header{"Sec-Fetch-Site": {"none"}}}
}

// postForm is a form of the page at an address, as a browser posts it.
func postForm(k kind, address string, form url.Values) *message {
	return &message{kind: k, method: http.MethodPost, path: address, body: []byte(form.Encode()),
		header: http.Header{"Sec-Fetch-Site": {"same-origin"}, "Content-Type": {"application/x-www-form-urlencoded"}}}
}

// publish is a form with a post of the account's.
func publish(a account) *message {
	return postForm(page, "/posts", url.Values{"intent": {"publish"}, "user": {a.userID}, "title": {"A post"}, "body": {"of " + a.email}})
}

// load asks for a page after a while, follows where it leads and starts the page's worker. Without scripts a user who
// meets a login form reloads it.
func (t *tab) load(m *message, after, patience time.Duration) {
	time.Sleep(after)
	ctx := t.ctx
	if patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	for {
		session := t.session()
		resp, err := t.navigate(ctx, m)
		if err != nil {
			return // the user sees an error page of the browser's
		}
		body, _ := io.ReadAll(resp.Body) // a page that was cut is shown as far as it came
		t.judge(m, resp.StatusCode, string(body), session)
		switch {
		case resp.StatusCode == http.StatusSeeOther:
			m = get(resp.Header.Get("Location"))
			continue
		case m.undecided && t.browser.scriptless:
			time.Sleep(t.dice.scaled(time.Second, time.Minute))
			m = get(t.address)
			continue
		}
		time.Sleep(t.dice.between(20*time.Millisecond, 400*time.Millisecond))
		t.runScripts(m, resp.StatusCode)
		return
	}
}

// runScripts starts the page's worker, and has it resume the session where the page shows one or looks for one.
func (t *tab) runScripts(m *message, status int) {
	if t.browser.scriptless || status != http.StatusOK && status != http.StatusUnauthorized {
		return
	}
	switch w := t.start(); {
	case w == nil:
	case m.undecided:
		w.judge(t.ctx)
	case status == http.StatusOK:
		w.resume(t.ctx)
	}
}

// navigate makes a navigation, with the jar's cookie of that moment, and waits for its answer. The browser may send it
// much later: see queue.
func (t *tab) navigate(ctx context.Context, m *message) (*http.Response, error) {
	t.rise()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.make(m)
	f := t.fate(ctx, m.kind)
	address := m.path
	if m.method != http.MethodGet {
		address = ""
	}
	n, err := t.browser.queue.enter(ctx, address, t.dice)
	defer func() {
		if ctx.Err() != nil { // as may be that of other tabs, at the same instant
			t.rise()
			time.Sleep(f.start)
		}
		t.browser.queue.leave(n)
	}()
	if err != nil {
		t.w.note(t.who, "gives its page up before it was sent")
		return nil, err
	}
	select {
	case <-time.After(f.start):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return t.exchange(ctx, m, f, t.rise())
}

// rise waits until the device is awake, goes on at an instant of its own, and returns how often the device has slept.
func (t *tab) rise() (naps int) {
	for {
		asleep, naps := t.sleeping()
		if !asleep {
			return naps
		}
		t.awake()
		time.Sleep(t.dice.between(time.Microsecond, time.Millisecond))
	}
}

// judge looks at the answer to a navigation as its user does. The session is the one that there was when it was made.
func (t *tab) judge(m *message, status int, body, session string) {
	t.mu.Lock()
	t.status = status
	t.mu.Unlock()
	switch {
	case m.undecided:
		// The session lives, and the page says that it is being looked for: the client's refresh is the judge (P). Only a
		// request that came late may meet this.
		if m.reached.Sub(m.made) <= latest && t.w.net.outside == 0 {
			t.wronged(t.who, "an honest user's page is not answered, though it was asked for just now", session)
		}
	case status == http.StatusUnauthorized:
		t.lost(t.who, "a page is the login form", session)
	case status == http.StatusOK && strings.Contains(body, "</html>") && !strings.Contains(body, `data-session="active"`):
		t.w.fail(t.who, "a page with status 200 knows no session")
	case status == http.StatusSeeOther && m.method != http.MethodPost, status != http.StatusOK &&
		status != http.StatusSeeOther && status != http.StatusServiceUnavailable:
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

// running returns the tab's worker, if it has one by now.
func (t *tab) running() *worker {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.worker
}

// shows returns the status of the page that the tab shows; 0: none came.
func (t *tab) shows() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}
