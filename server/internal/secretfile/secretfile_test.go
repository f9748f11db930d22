package secretfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// file makes a file with this mode.
func file(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := errors.Join(os.WriteFile(path, []byte("secret"), 0o600), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

var modes = []struct {
	mode fs.FileMode
	good bool
}{{0o600, true}, {0o400, true}, {0o640, true}, {0o440, true}, {0o660, false}, {0o644, false}, {0o604, false},
	{0o602, false}, {0o601, false}, {0o650, false}, {0o777, false}}

func TestRead(t *testing.T) {
	for _, row := range modes {
		content, err := Read(file(t, row.mode), 100)
		if (err == nil) != row.good || row.good != (string(content) == "secret") {
			t.Errorf("mode %#o: %q, %v", row.mode, content, err)
		}
		if !row.good && !strings.Contains(err.Error(), fmt.Sprintf("%#o", row.mode)) {
			t.Errorf("mode %#o: the error does not say it: %v", row.mode, err)
		}
	}
	if content, err := Read(file(t, 0o600), 3); string(content) != "sec" || err != nil {
		t.Errorf("up to 3 bytes it reads %q, %v", content, err)
	}
	for path, want := range map[string]string{t.TempDir(): "not a file", filepath.Join(t.TempDir(), "none"): "no such file"} {
		if _, err := Read(path, 100); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestMend(t *testing.T) {
	for _, row := range modes {
		path, log := file(t, row.mode), &bytes.Buffer{}
		if err := Mend(path, slog.New(slog.NewTextHandler(log, nil))); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		want := row.mode
		if !row.good {
			want = 0o600
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode %#o becomes %#o", row.mode, got)
		}
		says := strings.Contains(log.String(), path) && strings.Contains(log.String(), fmt.Sprintf("was=%#o", row.mode))
		if says == row.good {
			t.Errorf("mode %#o: the log says %q", row.mode, log)
		}
	}
	if err := Mend(filepath.Join(t.TempDir(), "none"), slog.New(slog.DiscardHandler)); err != nil {
		t.Errorf("a file that is not there: %v", err)
	}
}

// A file of another account cannot be mended: it is refused.
func TestMendRefuses(t *testing.T) {
	path := file(t, 0o644)
	err := mend(path, slog.New(slog.DiscardHandler), func(name string, _ fs.FileMode) error {
		return &fs.PathError{Op: "chmod", Path: name, Err: syscall.EPERM}
	})
	if !errors.Is(err, syscall.EPERM) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "0644") {
		t.Errorf("error %v", err)
	}
}
