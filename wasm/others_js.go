package main

import "syscall/js"

// channel leads to the workers beside this one. Every page of the origin can listen and speak there too: so nothing but
// the id of a session is said, which pages have from the server, and what is heard is taken as a stranger's word. The one
// message:
//
//	session {id}    the session that the speaker's client has; "" for none
type channel struct{ value js.Value }

// beside returns the channel that the worker's script has opened. It is the script's, for it outlives this program.
func beside() channel { return channel{js.Global().Get("latchkey").Get("others")} }

// tell says which session this worker has.
func (c channel) tell(sessionID string) {
	c.value.Call("postMessage", map[string]any{"type": "session", "id": sessionID})
}

// listen hands every word of the others to heard.
func (c channel) listen(heard func(sessionID string)) {
	c.value.Set("onmessage", js.FuncOf(func(_ js.Value, args []js.Value) any {
		if data := args[0].Get("data"); text(data, "type", maxName) == "session" {
			heard(text(data, "id", maxName))
		}
		return nil
	}))
}
