// Package heap sets when the server collects its garbage. Call [Tune] once, where the program starts.
package heap

import (
	"os"
	"runtime/debug"
)

const (
	// percent is how much may become garbage, of what lives, before it is collected. What lives of a server is a few MB,
	// so by Go's own 100 it would collect some hundred times in a second of load: a fifth of all that it does.
	percent = 800

	// limit, in bytes, is where memory begins to count for more than time: Go then collects as often as it takes to stay
	// below, where that can be done. Password hashes take 19 MiB each while they are made, and so come near it.
	limit = 256 << 20
)

// Tune has the process collect garbage less often while its heap is small. What the environment says in GOGC or
// GOMEMLIMIT stands.
func Tune() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}
