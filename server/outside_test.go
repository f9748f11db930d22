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
	mod := layOut(t, "outside")
	mod.build(t, "outside.wasm", ".", "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	outside := mod.build(t, "outside.exe", ".")
	srv, _ := withPost(t, servertest.Options{})
	start := func(password string) (string, error) {
		cmd := exec.CommandContext(t.Context(), outside, "-endpoint", srv.URL+"/graphql", "-email", demoEmail)
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

// withPost starts a server with the demo account, which has a post, and returns that account's id too.
func withPost(t *testing.T, o servertest.Options) (srv *servertest.Server, user string) {
	t.Helper()
	srv = servertest.Start(t, o)
	grant, err := srv.Auth.SignUp(t.Context(), demoEmail, demoPassword, "Demo", auth.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Blog.Create(t.Context(), grant.User.ID, "A post", "With a body."); err != nil {
		t.Fatal(err)
	}
	return srv, grant.User.ID
}

// module is the directory of a module that uses this one.
type module string

// layOut copies the module of that name from shared/session/testdata to a directory of its own. In the files that end
// in .tmpl, and there without, {{latchkey}} is this module's directory.
func layOut(t *testing.T, name string) module {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "shared/session/testdata", name))); err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob(filepath.Join(dir, "*.tmpl"))
	if err != nil || len(templates) == 0 {
		t.Fatalf("%s has no template of a go.mod: %v", name, err)
	}
	for _, path := range templates {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.ReplaceAll(string(text), "{{latchkey}}", root))
		if err := os.WriteFile(strings.TrimSuffix(path, ".tmpl"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o600); err != nil {
		t.Fatal(err)
	}
	return module(dir)
}

// run runs the go command in the module, which may fetch what the module lacks.
func (m module) run(t *testing.T, env []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = string(m)
	cmd.Env = append(os.Environ(), append(env, "GOFLAGS=-mod=mod", "GOWORK=off")...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %v (%v): %v\n%s", args, env, err, text)
	}
}

// build compiles and vets one of its programs, and returns the path of what came of it.
func (m module) build(t *testing.T, out, program string, env ...string) string {
	t.Helper()
	path := filepath.Join(string(m), out)
	m.run(t, env, "vet", program)
	m.run(t, env, "build", "-o", path, program)
	return path
}
