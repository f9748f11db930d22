// Package pgtest runs PostgreSQL for tests: a cluster of their own, on a loopback port of its own, which asks for a
// password and writes to the disk as a real one does.
//
// A test calls [Database] for an empty database on a cluster that all tests of the binary share, and the binary's
// TestMain calls [Main], which ends the cluster. A test that stops the database under a server calls [Start] for a
// cluster that is its alone. Nothing outlives the tests: the kernel ends a cluster whose tests were killed.
//
// The server's programs come from Debian's package postgresql, or from the PATH. PostgreSQL does not run as root:
// where the tests do, it runs as the package's user postgres.
package pgtest
