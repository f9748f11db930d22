//go:build js

// Command wasm is the browser client: it runs in a SharedWorker, one for all tabs, and holds their session client. Where
// there are several workers, such as one for each tab where there is no SharedWorker, they tell each other. The wiring is
// here; what it does is in package hub, and every word of JavaScript in the files whose names end in _js.
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
	others := beside()
	h := hub.New(s, others.tell)
	others.listen(h.Heard)
	serve(h)
	select {} // the pages' messages are the program from here on
}
