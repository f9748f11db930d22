// Package housetest holds the rules of the house as tests: who may import whom, that every package says what it is
// for, that the client compiles for the browser, and how long a file may grow. Each rule has its reason beside it.
package housetest
