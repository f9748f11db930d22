package main

import (
	"strings"
	"syscall/js"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/ui"
	"example.com/latchkey/wasm/hub"
)

// This file is the whole boundary to the pages. The messages are described at the top of web/page.js; what a page
// sends is a stranger's input: every value is taken by name, type and length, and nothing else of a message is read.

const (
	maxField  = 1 << 20 // bytes of one field of a form: what the API takes at most
	maxPath   = 8192
	maxName   = 100 // bytes of all else: names and ids
	maxPlaces = 32
	maxEarly  = 16               // messages that may wait for the lock of their page
	lockName  = "latchkey-page-" // what a page's lock is called, before its own part
)

// origin is where the worker's script came from: the API's origin too.
func origin() string { return js.Global().Get("location").Get("origin").String() }

// serve takes the pages that have connected already, and those to come.
func serve(h *hub.Hub) {
	state := js.Global().Get("latchkey")
	take := func(port js.Value) { attach(h, state, port) }
	state.Set("onport", js.FuncOf(func(_ js.Value, args []js.Value) any {
		take(args[0])
		return nil
	}))
	waiting := state.Get("waiting").Call("splice", 0) // taken out: what stayed there would be kept for good
	for i := range waiting.Length() {
		take(waiting.Index(i))
	}
}

// attach connects one page with the hub, until the page is gone.
func attach(h *hub.Hub, state, port js.Value) {
	page, greeted, there := h.Connect(jsPort{port}), false, false
	var early []js.Value // what came after the hello, while the browser was asked for the lock that it names
	var onmessage js.Func
	gone := func() {
		page.Gone()
		state.Call("gone", port)
		port.Set("onmessage", js.Null())
		port.Call("close")
		onmessage.Release()
	}
	enter := func(m hub.Hello) {
		there = true
		page.Hello(m)
		for _, data := range early {
			receive(page, data)
		}
		early = nil
	}
	onmessage = js.FuncOf(func(_ js.Value, args []js.Value) any {
		switch data := args[0].Get("data"); {
		case there:
			receive(page, data)
		case greeted && len(early) < maxEarly:
			early = append(early, data)
		case greeted: // a page that floods fills nothing
		case text(data, "type", maxName) == "knock":
			page.Knock(hello(data))
		default:
			greeted = greet(data, enter, gone)
		}
		return nil
	})
	port.Set("onmessage", onmessage)
}

// greet takes a page's hello, once, and calls enter with it: the lock that it names tells when the page is gone. It
// reports whether data was one.
func greet(data js.Value, enter func(hub.Hello), gone func()) bool {
	lock := text(data, "lock", maxName)
	if text(data, "type", maxName) != "hello" || !strings.HasPrefix(lock, lockName) {
		return false
	}
	m := hello(data)
	whileHeld(lock, func() { enter(m) }, gone)
	return true
}

func hello(data js.Value) hub.Hello {
	return hub.Hello{
		Path: text(data, "path", maxPath), Session: text(data, "session", maxName), User: text(data, "user", maxName),
		ID: text(data, "id", maxName), Hidden: truth(data, "hidden"), Undecided: truth(data, "undecided"),
		Kept: kept(data.Get("kept")), // data is an object: it has a type
	}
}

// kept is the post that an undecided page holds, or none.
func kept(v js.Value) screen.Kept {
	return screen.Kept{User: text(v, "user", maxName), Title: text(v, "title", maxField), Body: text(v, "body", maxField)}
}

func receive(page *hub.Page, data js.Value) {
	switch text(data, "type", maxName) {
	case "intent":
		fields := data.Get("fields") // data is an object: it has a type
		intent, err := screen.ParseIntent(text(data, "intent", maxName), func(name string) string {
			return text(fields, name, maxField)
		})
		if err == nil { // an intent that does not exist is no message of our shim
			page.Intent(number(data, "call"), text(data, "path", maxPath), intent)
		}
	case "go":
		page.Go(number(data, "call"), text(data, "path", maxPath))
	case "checked":
		page.Checked(places(data.Get("places")))
	case "wake":
		page.Wake()
	case "sight":
		page.Sight(truth(data, "hidden"))
	}
}

// whileHeld calls there if the page's lock is held, and gone once it is free: its page is gone then, however it went.
// A page that went before the client was ready is never there.
func whileHeld(lock string, there, gone func()) {
	locks := js.Global().Get("navigator").Get("locks")
	once := func(do func(granted bool)) js.Func {
		var f js.Func
		f = js.FuncOf(func(_ js.Value, args []js.Value) any {
			f.Release()
			do(!args[0].IsNull())
			return nil
		})
		return f
	}
	locks.Call("request", lock, map[string]any{"ifAvailable": true}, once(func(free bool) {
		if free {
			gone()
			return
		}
		there()
		locks.Call("request", lock, once(func(bool) { gone() }))
	}))
}

func places(list js.Value) []ui.Place {
	if typeOf(list) != js.TypeObject {
		return nil
	}
	var out []ui.Place
	for i := range min(number(list, "length"), maxPlaces) {
		if p := list.Index(i); typeOf(p) == js.TypeObject {
			out = append(out, ui.Place{Name: text(p, "name", maxName), Searched: number(p, "searched"), Found: number(p, "found")})
		}
	}
	return out
}

// typeOf is v.Type(), which panics where syscall/js knows no type for v: a page can send a bigint.
func typeOf(v js.Value) (t js.Type) {
	defer func() {
		if recover() != nil {
			t = js.TypeUndefined
		}
	}()
	return v.Type()
}

// text returns the string at key of an object, or "" where there is none or it is longer than most.
func text(v js.Value, key string, most int) string {
	if typeOf(v) != js.TypeObject {
		return ""
	}
	s := v.Get(key)
	if typeOf(s) != js.TypeString {
		return ""
	}
	if value := strings.ToValidUTF8(s.String(), "\uFFFD"); len(value) <= most {
		return value
	}
	return ""
}

// number returns the number at key of an object, or 0 where there is none that a count can be.
func number(v js.Value, key string) int {
	n := v.Get(key)
	if typeOf(n) != js.TypeNumber || !(n.Float() >= 0 && n.Float() <= 1<<31) {
		return 0
	}
	return n.Int()
}

// truth reports whether the value at key of an object is true.
func truth(v js.Value, key string) bool { return v.Get(key).Equal(js.ValueOf(true)) }

// jsPort is a page's MessagePort.
type jsPort struct{ port js.Value }

// Post sends one message as a plain object.
func (p jsPort) Post(m hub.Message) {
	var o map[string]any
	switch m := m.(type) {
	case hub.Ready:
		o = map[string]any{"type": "ready"}
	case hub.View:
		o = map[string]any{
			"type": "view", "call": m.Call, "path": m.Path, "title": m.Title, "html": m.HTML,
			"session": m.Session, "user": m.User, "focus": m.Focus,
		}
	case hub.Patch:
		o = map[string]any{"type": "patch", "id": m.ID, "html": m.HTML}
	}
	p.port.Call("postMessage", js.ValueOf(o))
}
