package pgtest

import "syscall"

// processOf is how a program runs as the account. It ends when the thread that started it does: after a test binary
// that was killed no server is left behind.
func processOf(account *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: account, Pdeathsig: syscall.SIGQUIT, Setpgid: true}
}
