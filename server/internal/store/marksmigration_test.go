package store_test

import (
	"path/filepath"
	"testing"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/pgtest"
	"example.com/latchkey/server/internal/store"
)

// TestMigrationOfMarks goes back to the version without marks, and forth again. What a mark has ended stays so, and what
// it has spared lives on.
func TestMigrationOfMarks(t *testing.T) {
	for _, row := range []struct{ name, dsn string }{
		{"SQLite", filepath.Join(t.TempDir(), "latchkey.db")},
		{"PostgreSQL", pgtest.Database(t)},
	} {
		t.Run(row.name, func(t *testing.T) {
			store.MigrateTo(t, row.dsn, 5) // the tables as they were
			s, service := serving(t, row.dsn)
			s.SetAtOnce(1)
			asking := signUp(t, service)
			var others []auth.Grant
			for range 3 {
				g, err := service.Login(t.Context(), "ada@example.com", "correct horse battery", auth.Visitor{})
				if err != nil {
					t.Fatal(err)
				}
				others = append(others, g)
			}
			id := auth.Identity{UserID: asking.User.ID, SessionID: asking.SessionID}
			if err := service.ChangePassword(t.Context(), auth.Visitor{IP: "192.0.2.1"}, id, "correct horse battery", "another horse battery"); err != nil {
				t.Fatal(err)
			}
			if n := s.Value(t, `select count(*) from sessions where ended_at is not null`); n != "1" {
				t.Errorf("%s sessions have endings of their own before", n)
			}
			store.MigrateTo(t, row.dsn, 5)
			if n := s.Value(t, `select count(*) from sessions where end_reason = 'PASSWORD_CHANGED' and end_ip = '192.0.2.1'
				and end_session_id = $1 and end_token_id = '' and end_user_agent = '' and ended_at > 0`, asking.SessionID); n != "3" {
				t.Errorf("%s sessions have endings of their own", n)
			}
			if _, _, err := store.Migrate(t.Context(), row.dsn, nil); err != nil {
				t.Fatal(err)
			}
			_, service = serving(t, row.dsn)
			for _, g := range others {
				_, err := service.Refresh(t.Context(), auth.Visitor{Tokens: []string{g.RefreshToken}}, auth.RefreshOptions{})
				if e, ok := err.(*auth.Error); !ok || e.Reason != auth.ReasonPasswordChanged {
					t.Errorf("an ended session: %v", err)
				}
			}
			if _, err := service.Refresh(t.Context(), auth.Visitor{Tokens: []string{asking.RefreshToken}}, auth.RefreshOptions{}); err != nil {
				t.Errorf("the asking session: %v", err)
			}
		})
	}
}
