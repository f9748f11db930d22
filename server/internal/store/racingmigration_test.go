package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"example.com/latchkey/server/internal/store"
)

// TestRacingMigrations starts processes at once on a new file, and on one of the first version. Each migration happens
// once: the second one drops tables that later ones change.
func TestRacingMigrations(t *testing.T) {
	dir := t.TempDir()
	for n := range sized(6, 100) {
		path := filepath.Join(dir, fmt.Sprint(n))
		if n%2 == 1 {
			store.MigrateTo(t, path, 1)
		}
		openAtOnce(t, path, 4)
		db, err := sql.Open("sqlite3", path)
		if err != nil {
			t.Fatal(err)
		}
		var twice, columns int
		err = db.QueryRow(`select (select count(*) - count(distinct version_id) from goose_db_version),
			(select count(*) from pragma_table_info('sessions') where name = 'epoch')`).Scan(&twice, &columns)
		if err != nil || twice != 0 || columns != 1 {
			t.Errorf("%d migrations are recorded twice, %d columns of the last version, %v", twice, columns, err)
		}
		if _, err := db.Exec(`insert into goose_db_version (version_id, is_applied) values (2, 1)`); err == nil {
			t.Error("a migration can be recorded twice")
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
