package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The key of --tls-key is as secret as that of --key-file: a file that others can read is refused.
func TestOpenTLSKeyIsRefused(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(t, 7)
	for _, mode := range []fs.FileMode{0o644, 0o604, 0o660} {
		if err := os.Chmod(ca.key, mode); err != nil {
			t.Fatal(err)
		}
		refusesCertificates(t, transport{TLSCert: ca.cert, TLSKey: ca.key}, fmt.Sprintf("--tls-key=%q: its mode %#o", ca.key, mode))
	}
	for _, mode := range []fs.FileMode{0o640, 0o600} {
		if err := os.Chmod(ca.key, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := loadCertificate(ca.cert, ca.key, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
}

// refusesCertificates holds that a server does not start with these flags, which is one line and exit status 2.
func refusesCertificates(t *testing.T, flags transport, want string) {
	t.Helper()
	_, err := flags.certificates(slog.New(slog.DiscardHandler))
	if bad := (*usageError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestOpenTLSKeyIsNotReadAgain renews a certificate with a key that others can read: the former one stays in use, and the
// log says why.
func TestOpenTLSKeyIsNotReadAgain(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(t, 7)
	log := &lines{}
	c, err := loadCertificate(ca.cert, ca.key, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.run(t.Context()) }()
	ca.issue(t, 8)
	if err := os.Chmod(ca.key, 0o644); err != nil {
		t.Fatal(err)
	}
	log.after(t, "0644", func() { c.hangup <- syscall.SIGHUP })
	if n := c.current.Load().Leaf.SerialNumber.Int64(); n != 7 {
		t.Errorf("certificate %d is in use", n)
	}
	if err := os.Chmod(ca.key, 0o600); err != nil {
		t.Fatal(err)
	}
	log.after(t, "is read again", func() { c.hangup <- syscall.SIGHUP })
	if n := c.current.Load().Leaf.SerialNumber.Int64(); n != 8 {
		t.Errorf("certificate %d is in use", n)
	}
}

// lines is a log that can be waited for.
type lines struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// after waits until the log has a new line with the text in it.
func (l *lines) after(t *testing.T, text string, do func()) {
	t.Helper()
	l.mu.Lock()
	l.text.Reset()
	l.mu.Unlock()
	do()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for late := time.Now().Add(20 * time.Second); ; <-again.C {
		l.mu.Lock()
		there := strings.Contains(l.text.String(), text)
		l.mu.Unlock()
		if there {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("the log does not say %q: %s", text, &l.text)
		}
	}
}

// TestFolderOfCertificates opens folders of --tls-cache with files that others can read.
func TestFolderOfCertificates(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "certificates")
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	if err := closeCache(folder, "app.example", logger); err != nil {
		t.Errorf("none yet: %v", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	modes := map[string]fs.FileMode{"app.example": 0o600, "app.example+rsa": 0o600, "acme_account+key": 0o600, "another.pem": 0o644}
	for name := range modes {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(folder, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := closeCache(folder, "app.example", logger); err != nil {
		t.Fatal(err)
	}
	for name, want := range modes {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %#o, want %#o", name, got, want)
		}
	}
	if n := strings.Count(log.String(), "was=0644"); n != 3 {
		t.Errorf("%d lines in the log, want 3: %s", n, log)
	}
	for _, mode := range []fs.FileMode{0o777, 0o770, 0o702} {
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		refusesCertificates(t, transport{TLSDomain: "app.example", TLSCache: folder}, fmt.Sprintf("--tls-cache=%q: its mode %#o", folder, mode))
	}
}
