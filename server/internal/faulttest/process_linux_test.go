package faulttest_test

import "syscall"

// bound ends a program with the thread that started it: after tests that were killed no server is left behind.
var bound = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
