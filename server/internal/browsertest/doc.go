// Package browsertest holds the tests that drive the whole of Latchkey in a real Chromium, as a person would: by the
// accessible names of what is on the page.
//
// TestHostilePage turns that round: scripts of testdata/hostile, injected into a page or run by a neighbour, try all
// that there is to come by a token. To add an attempt, add an `attempt(name, async (me) => …)` to a file there: it is
// made against the server without its defences too, where it has to succeed.
//
// Each test starts a server of its own (servertest) and a browser profile of its own, so that nothing is shared but
// the machine, and tests run side by side. The screenshots of the README come from here too: run the tests with
// -screenshots.
//
// The benchmarks, which `make bench` runs, tell what the pages weigh: BenchmarkBytes over the wire, BenchmarkTabs in
// memory, BenchmarkStart in time, on loopback and on a slow line, which is a proxy ([link]) because the debugger's own
// throttling does not reach a SharedWorker.
package browsertest
