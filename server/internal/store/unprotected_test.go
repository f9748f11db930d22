package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/store"
)

// A database that is reached over the network without verified TLS is named in the log, with what to write instead.
func TestDatabaseInTheClearIsLogged(t *testing.T) {
	over, stop := context.WithCancel(t.Context())
	stop() // nothing is connected to
	for dsn, want := range map[string]string{
		"postgres://u:secret@db.example/x":                                           "db.example",
		"postgres://u:secret@192.0.2.1:6543/x?sslmode=prefer":                        "192.0.2.1",
		"postgres://u:secret@db.example/x?sslmode=disable":                           "db.example",
		"postgres://u:secret@db.example/x?sslmode=require":                           "db.example",
		"postgres://u:secret@a.example,b.example/x":                                  "a.example b.example",
		"postgres://u:secret@db.example/x?sslmode=verify-ca":                         "",
		"postgres://u:secret@db.example/x?sslmode=verify-full":                       "",
		"postgres://u:secret@localhost/x":                                            "",
		"postgres://u:secret@127.0.0.1/x":                                            "",
		"postgres://u:secret@[::1]/x":                                                "",
		"postgres:///x?host=/var/run/postgresql&user=u":                              "",
		"postgres://u:secret@localhost,db.example/x?target_session_attrs=read-write": "db.example",
	} {
		var log bytes.Buffer
		s, err := store.Open(over, dsn, slog.New(slog.NewTextHandler(&log, nil)))
		if err == nil {
			_ = s.Close()
			t.Errorf("%s is open", dsn)
		}
		text := log.String()
		warned := strings.Count(text, "level=WARN")
		if (warned > 0) != (want != "") || warned > 1 || strings.Contains(text, "secret") {
			t.Errorf("%s: the log says %q, want a warning of %q", dsn, text, want)
		}
		if want != "" && (!strings.Contains(text, "["+want+"]") || !strings.Contains(text, "sslmode=verify-full")) {
			t.Errorf("%s: the log says %q, not the host and what to write", dsn, text)
		}
	}
}
