package refusal_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/latchkey/server/internal/refusal"
)

// A flood of refusals makes one line of each kind in a minute, and the next line says how many there were.
func TestAFloodIsALineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := refusal.New(slog.New(slog.NewTextHandler(&out, nil)))
		for range 1000 {
			l.Note(t.Context(), refusal.OverLimit, "192.0.2.1", "/graphql")
			l.Note(t.Context(), refusal.BadToken, "192.0.2.2", "/graphql")
			time.Sleep(59 * time.Millisecond) // a minute is not over after all of them
		}
		if n := strings.Count(out.String(), "\n"); n != 2 {
			t.Fatalf("%d lines: %s", n, out.String())
		}
		out.Reset()
		time.Sleep(time.Minute)
		l.Note(t.Context(), refusal.OverLimit, "192.0.2.3", "/login")
		if line := out.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, `kind="over a limit" remote_addr=192.0.2.3 path=/login unlogged_before=999`) {
			t.Errorf("the log says %s", line)
		}
	})
}

// What a stranger sends cannot begin a line of the log (OWASP ASVS 16.4.1).
func TestAStrangersTextStaysInItsLine(t *testing.T) {
	var out bytes.Buffer
	refusal.New(slog.New(slog.NewTextHandler(&out, nil))).Note(t.Context(), refusal.Malformed, "192.0.2.1", "/x\nlevel=ERROR msg=\"all is lost\"\r\u2028\x1b[2J")
	line := out.String()
	if len(line) > 1000 || strings.Count(line, "\n") != 1 || strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\r\n\x1b\u2028") || strings.Contains(line, ` level=ERROR`) {
		t.Errorf("the log says %q", line)
	}
}

func TestANilLogIsSilent(t *testing.T) {
	var l *refusal.Log
	l.Note(t.Context(), refusal.NotOwn, "", "", "user_id", "x")
}
