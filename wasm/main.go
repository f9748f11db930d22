//go:build js

// Command wasm is the browser client: it runs in a SharedWorker, one for all tabs, and holds the one session client
// of the origin. The wiring is here; what it does is in package hub, and every word of JavaScript in the files whose
// names end in _js.
package main

import (
	"fmt"
	"os"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/wasm/hub"
)

func main() {
	s, err := session.New(origin() + "/graphql")
	if err != nil {
		fmt.Fprintln(os.Stderr, "latchkey:", err)
		os.Exit(1)
	}
	serve(hub.New(s))
	select {} // the pages' messages are the program from here on
}
