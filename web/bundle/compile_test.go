package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// source is net/http's, of the Go that builds the client.
func source(t *testing.T) string {
	t.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(goroot)), "src/net/http")
}

// A Go whose net/http has changed is told here, and what to do about it: look at the edits and at why they are there.
func TestEditsFitThisGo(t *testing.T) {
	dir := t.TempDir()
	if _, err := overlay(source(t), dir, fetchOnly); err != nil {
		t.Fatal(err)
	}
	for _, e := range fetchOnly {
		if text, err := os.ReadFile(filepath.Join(dir, e.file)); err != nil || !strings.Contains(string(text), e.new) {
			t.Errorf("%s was not edited: %v", e.file, err)
		}
	}
}

func TestEditsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name, old, want string
	}{
		{"the text is gone", "var NoSuchTransport", "0 times in transport.go"},
		{"the text is there more than once", "RoundTripper", "times in transport.go, not once"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := overlay(source(t), t.TempDir(), []edit{{"transport.go", c.old, ""}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}
