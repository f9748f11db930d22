package browsertest_test

import (
	"testing"

	"example.com/latchkey/server/internal/servertest"
)

// callAtOnce connects to the worker as the shim does, and asks for a page in the same breath as its hello: it returns
// the types of what the worker says until the call is answered.
const callAtOnce = `new Promise((done) => {
	const url = trusted.createScriptURL(document.documentElement.dataset.worker);
	const { port } = new SharedWorker(url, { type: "module", name: "latchkey", extendedLifetime: true });
	const { session, user } = document.documentElement.dataset;
	const heard = [];
	port.onmessage = ({ data }) => {
		if (data.type !== "patch") heard.push(data.type);
		if (data.call === 7) done(heard);
	};
	port.postMessage({ type: "knock", session, user });
	const lock = "latchkey-page-" + crypto.randomUUID();
	navigator.locks.request(lock, () => {
		port.postMessage({ type: "hello", lock, path: "/posts", session, user });
		port.postMessage({ type: "go", call: 7, path: "/account" });
		return new Promise(() => {});
	});
})`

// A page that is ready because it knocked may ask for something with its hello: none of it is lost while the worker
// asks the browser for the page's lock.
func TestCallRightAfterTheHello(t *testing.T) {
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	// The one policy that there may be is the shim's: its rules are passed on.
	tb := b.open(srv, "/healthz", onNewDocument(`{ const create = TrustedTypePolicyFactory.prototype.createPolicy;
		TrustedTypePolicyFactory.prototype.createPolicy = function (...a) { return (window.trusted = create.apply(this, a)); } }`))
	tb.navigate("/signup")
	tb.ready()
	tb.signUp()
	for range 20 {
		heard := eval[[]string](tb, callAtOnce)
		if len(heard) != 2 || heard[0] != "ready" || heard[1] != "view" {
			t.Fatalf("the worker said %q", heard)
		}
	}
}
