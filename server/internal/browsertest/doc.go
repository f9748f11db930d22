// Package browsertest holds the tests that drive the whole of Latchkey in a real Chromium, as a person would: by the
// accessible names of what is on the page.
//
// Each test starts a server of its own (servertest) and a browser profile of its own, so that nothing is shared but
// the machine. The screenshots of the README come from here too: run the tests with -screenshots.
package browsertest
