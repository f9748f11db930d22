package store

import (
	"context"
	"database/sql"
	"testing"
)

// Pragma asks the writing connection for a setting.
func (s *Store) Pragma(t *testing.T, name string) string {
	t.Helper()
	got, err := one(context.Background(), s.writer.(*sqliteWriter).statements, func(rows *sql.Rows) (value string, err error) {
		err = rows.Scan(&value)
		return value, err
	}, "pragma "+name)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
