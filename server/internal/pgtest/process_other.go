//go:build unix && !linux

package pgtest

import "syscall"

// processOf is how a program runs as the account, away from the terminal's signals.
func processOf(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Setpgid: true}
}
