package inflight

// Accounts returns how many networks the ledger remembers.
func Accounts(l *Ledger) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accounts)
}
