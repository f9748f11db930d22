// Package audittest has tools that others made judge the running server, as a stranger would: axe-core and Lighthouse
// the pages, Google's csp_evaluator the policies, jose the access tokens. They are packages of npm, with the scripts
// that drive them in testdata, where Go looks for no packages of its own; `make needs` installs them.
//
// In a plain run Lighthouse judges one page without its speed: beside other tests that would measure them. With
// LATCHKEY_AUDIT=1, as in `make audit`, it judges every page three times.
package audittest
