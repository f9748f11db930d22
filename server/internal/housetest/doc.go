// Package housetest holds the rules of the house as tests: who may import whom, that every package says what it is
// for, that the client compiles for the browser, how long a file may grow, and that the documents say what is so: their
// links, the table of flags, and the tests that they name. Each rule has its reason beside it.
package housetest
