//go:build unix

package main

import (
	"math"
	"syscall"
)

// openFiles returns how many files the process may have open, 0 where that is not known. Go has raised the soft limit to
// the hard one before main runs.
func openFiles() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)) // #nosec G115 -- it is MaxInt32 at most
}
