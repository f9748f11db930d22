// Package faulttest breaks what people run, for real: it builds the program, starts it as processes of its own, has
// clients refresh against it as fast as they can, and kills servers and databases under them. What it holds to is the
// contract's last rule of refresh tokens: a rotation that was answered survives, and one that was not leaves the old
// token good.
//
// A test makes a [rig], which has the servers and the clients, and says what to break in each of its rounds. The clients
// are of several kinds: plain ones, which only know to send their newest cookie again within the grace; ones that ask as
// the browser's client does, with recover and minAge; and the client of shared/session itself. After the last round the
// rig asks whether everybody's session is still there, and looks into the database.
//
// Beside that it floods a server with what is to be refused, or to wait, and measures what everybody else notices of it.
//
// In a plain run each test breaks things once or twice. With LATCHKEY_SOAK=1 there are more clients and tens of rounds,
// and the figures are in the log (go test -v): `make soak`.
package faulttest
