package faulttest_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// bound ends a program with the thread that started it: after tests that were killed no server is left behind.
var bound = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

// peakMemory returns the most that the process has had in memory, in MiB.
func peakMemory(pid int) (mib int, known bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		var kib int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib >> 10, true
		}
	}
	return 0, false
}
