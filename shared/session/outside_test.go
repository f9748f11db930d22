//go:build !js

package session_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program of another module builds against this one, natively and for the browser, and runs.
func TestProgramOfAnotherModule(t *testing.T) {
	dir := outside(t)
	compile := func(out string, env ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append(env, "GOFLAGS=-mod=mod", "GOWORK=off", "GOPROXY=off")...)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build (%v): %v\n%s", env, err, text)
		}
	}
	compile("outside.wasm", "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	compile("outside.exe")

	f := newFake()
	server := httptest.NewServer(f)
	defer server.Close()
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "outside.exe"), "-endpoint", server.URL+"/graphql", "-email", email)
	cmd.Env = append(os.Environ(), "LATCHKEY_PASSWORD="+password)
	text, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(text)) != email {
		t.Errorf("it prints %q, %v; want %q", text, err, email)
	}
	ops := ""
	for _, c := range f.seen("") {
		ops += c.op + " "
		if strings.HasPrefix(c.bearer, "Bearer ") != (c.op == "me") {
			t.Errorf("%s was sent with the token %v", c.op, c.bearer != "")
		}
	}
	if ops != "login me logout " {
		t.Errorf("it calls %s", ops)
	}

	cmd = exec.CommandContext(t.Context(), filepath.Join(dir, "outside.exe"), "-endpoint", server.URL+"/graphql", "-email", email, "-password", "wrong")
	if text, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(text), "INVALID_CREDENTIALS") {
		t.Errorf("with a wrong password it prints %q, %v", text, err)
	}
}

// outside lays the module out in a directory of its own, and returns that.
func outside(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{
		"main.go": "testdata/outside/main.go",
		"go.mod":  "testdata/outside/go.mod.tmpl",
		"go.sum":  filepath.Join(root, "go.sum"),
	}
	for name, from := range files {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.ReplaceAll(string(text), "{{latchkey}}", root))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
