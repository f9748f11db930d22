//go:build !linux

package faulttest_test

import "syscall"

// bound is nothing where the kernel cannot end a program with the one that started it.
var bound *syscall.SysProcAttr

// peakMemory is not known where the kernel does not tell it of another process.
func peakMemory(int) (mib int, known bool) { return 0, false }
