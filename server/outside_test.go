package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/servertest"
)

// A program of another module builds against shared/session, natively and for the browser, and logs in to a running
// server and queries it.
func TestProgramOfAnotherModule(t *testing.T) {
	dir := outside(t)
	compile := func(out string, env ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, ".")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), append(env, "GOFLAGS=-mod=mod", "GOWORK=off")...)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build (%v): %v\n%s", env, err, text)
		}
	}
	compile("outside.wasm", "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	compile("outside.exe")

	srv := servertest.Start(t, servertest.Options{})
	grant, err := srv.Auth.SignUp(t.Context(), demoEmail, demoPassword, "Demo", auth.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Blog.Create(t.Context(), grant.User.ID, "A post", "With a body."); err != nil {
		t.Fatal(err)
	}
	start := func(password string) (string, error) {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "outside.exe"), "-endpoint", srv.URL+"/graphql", "-email", demoEmail)
		cmd.Env = append(os.Environ(), "LATCHKEY_PASSWORD="+password)
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	if text, err := start(demoPassword); err != nil || text != demoEmail+"\n- A post\n" {
		t.Errorf("it prints %q, %v", text, err)
	}
	if text, err := start("wrong"); err == nil || !strings.Contains(text, "INVALID_CREDENTIALS") {
		t.Errorf("with a wrong password it prints %q, %v", text, err)
	}
}

// outside lays the module out in a directory of its own, and returns that.
func outside(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{
		"main.go": "../shared/session/testdata/outside/main.go",
		"go.mod":  "../shared/session/testdata/outside/go.mod.tmpl",
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
