//go:build !linux

package faulttest_test

import "syscall"

// bound is nothing where the kernel cannot end a program with the one that started it.
var bound *syscall.SysProcAttr
