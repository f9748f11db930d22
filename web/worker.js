// The worker's entry script: starts the Go client and hands it the ports of the pages.
//
// It runs as a SharedWorker, one for all tabs, or as a dedicated Worker, one for each, where there is no
// SharedWorker. The Go side takes over through the one object below, and finds there what came before it was ready.

const pages = new Set(); // every page that is there: only a crash of the client needs them here
let starts = 0; // how often the client was started
let running = false; // the last start has not failed, or not yet

const state = {
  waiting: [], // ports that connected before Go was ready
  onport: null, // set by Go: takes a port
  gone: (port) => pages.delete(port), // called by Go when a port's page has gone
  others: new BroadcastChannel("latchkey-session"), // to the workers beside this one: wasm/others_js.go tells what is said
};
self.latchkey = state;

// attach hands a page's port to Go, or keeps it until Go is ready, and says so: that may take long on a slow line, and a
// worker that says nothing is mute. It must be registered before anything is awaited: a connect event that nobody listens
// to is lost.
function attach(port) {
  pages.add(port);
  if (!running) start();
  if (state.onport) return state.onport(port);
  state.waiting.push(port);
  port.postMessage({ type: "starting" });
}

// start starts the client, for the first page, and for the first that loads after it failed: what was missing may be
// there by then, and a worker that failed for good would outlive every reload.
function start() {
  const mine = ++starts;
  running = true;
  state.waiting = [];
  state.onport = null;
  boot((reason) => mine === starts && running && fail(reason));
}

function fail(reason) {
  running = false;
  state.others.onmessage = null; // it was the client's
  console.error("latchkey: the client cannot run:", reason);
  for (const port of pages) port.postMessage({ type: "failed" });
  pages.clear();
}

if ("SharedWorkerGlobalScope" in self) {
  self.onconnect = (event) => attach(event.ports[0]);
} else {
  // A dedicated worker loses what is posted before Go listens; a port keeps it.
  const { port1, port2 } = new MessageChannel();
  self.onmessage = (event) => port1.postMessage(event.data);
  port1.onmessage = (event) => self.postMessage(event.data);
  attach(port2);
}

// Go's own start script is imported here and not at the top: a failure of it is told to every page, while a script that
// fails as a whole is told to the first page alone.
async function boot(failed) {
  try {
    // Both are on their way at once.
    const [program] = await Promise.all([fetch("./latchkey.wasm"), import("./wasm_exec.js")]);
    const go = new Go();
    // Go calls this also where it panics in the middle of an event: then run below never settles.
    go.exit = (code) => failed("the program ended with status " + code);
    const { instance } = await WebAssembly.instantiateStreaming(program, go.importObject);
    await go.run(instance);
  } catch (error) {
    failed(String(error));
  }
}
