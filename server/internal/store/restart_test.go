package store_test

import (
	"context"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/pgtest"
)

// TestARestartThatNobodyNotices restarts PostgreSQL between two requests: every connection of the pool is dead then,
// and neither who writes next nor who reads next is told.
func TestARestartThatNobodyNotices(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	s := openPostgres(t, cluster.Database(t))
	o := account(t, s)
	const connections = 12
	for _, row := range []struct {
		name string
		next func() error
	}{
		{"a write", func() error { return s.MarkSeen(t.Context(), answer(o)) }},
		{"a read", func() error { _, err := s.Account(t.Context(), o.Session.UserID); return err }},
	} {
		var all, there sync.WaitGroup // each on a connection of its own
		there.Add(connections)
		for range connections {
			all.Go(func() {
				if err := s.Transact(context.Background(), func(func(string) error) error {
					there.Done()
					there.Wait()
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		cluster.Kill(t)
		cluster.Restart(t)
		if err := row.next(); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
