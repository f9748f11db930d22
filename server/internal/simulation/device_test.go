package simulation

import (
	"net/http"
	"net/url"
	"sync"
	"time"
)

// device is whatever has a cookie jar and a clock of its own: a browser, a machine with a program, a thief.
type device struct {
	w       *world
	name    string
	address string
	account account
	thief   bool
	program bool // its sessions care for the jar, and not the network
	jar     *jar
	planned func(who string, k kind) fate // where set, what becomes of its requests is not for the dice

	mu        sync.Mutex // guards what follows
	asleep    chan struct{}
	naps      int           // counts the sleeps
	offset    time.Duration // how far its clock is off
	real      map[string]string
	sid       string // its session
	loggedOut bool   // its user has asked to be
}

// newDevice adds a device with the session that the account has in the template.
func (w *world) newDevice(name string, i int) *device {
	a := w.template.accounts[i]
	d := &device{w: w, name: name, address: address(i), account: a, jar: &jar{cookie: a.cookie},
		sid: a.sessionID, real: map[string]string{}}
	w.devices = append(w.devices, d)
	w.watch.mu.Lock()
	w.watch.add(d, a.sessionID, a.cookie)
	w.watch.readAll()
	w.watch.mu.Unlock()
	return d
}

// sleep stops the device: see the package doc.
func (d *device) sleep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asleep = make(chan struct{})
	d.naps++
	d.w.note(d.name, "sleeps")
}

func (d *device) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asleep != nil {
		close(d.asleep)
		d.asleep = nil
		d.w.note(d.name, "wakes")
	}
}

// awake waits until the device is, and returns how often it has slept.
func (d *device) awake() int {
	for {
		d.mu.Lock()
		wait, naps := d.asleep, d.naps
		d.mu.Unlock()
		if wait == nil {
			return naps
		}
		<-wait
	}
}

// sleeping reports whether the device sleeps, and how often it has.
func (d *device) sleeping() (now bool, naps int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asleep != nil, d.naps
}

// setClock puts the device's clock off by so much.
func (d *device) setClock(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offset = by.Truncate(time.Second)
	d.w.note(d.name, "its clock is off by %v", d.offset)
}

// leave says that its user wants to be logged out.
func (d *device) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loggedOut = true
}

// arrive says that its user has logged in: with the session of the cookie.
func (d *device) arrive() {
	g := d.w.watch.name(d.jar.value())
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sid, d.loggedOut = g.session, false
}

// left reports whether its user wants to be logged out.
func (d *device) left() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.loggedOut
}

// session returns the device's session.
func (d *device) session() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sid
}

// lost is called where the device's user, who had a session, meets a login form of whatever kind.
func (d *device) lost(who, what, session string) {
	d.wronged(who, "an honest user is logged out: "+what, session)
}

// wronged is called where something happens that no honest user of a session is to meet.
func (d *device) wronged(who, what, session string) {
	if d.thief || d.left() || session != d.session() || d.w.watch.mayEnd(session) {
		d.w.note(who, "%s", what)
		return
	}
	d.w.fail(who, "%s", what)
}

// jar holds the one cookie there is. It is the http.CookieJar of a program, and a browser's own.
type jar struct {
	mu     sync.Mutex // guards cookie
	cookie string
}

func (j *jar) value() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.cookie
}

// SetCookies implements http.CookieJar.
func (j *jar) SetCookies(_ *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		if c.Name != cookieName || c.Partitioned {
			continue
		}
		j.cookie = c.Value
		if c.MaxAge < 0 {
			j.cookie = ""
		}
	}
}

// Cookies implements http.CookieJar.
func (j *jar) Cookies(*url.URL) []*http.Cookie {
	if value := j.value(); value != "" {
		return []*http.Cookie{{Name: cookieName, Value: value}}
	}
	return nil
}
