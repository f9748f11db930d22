package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/servertest"
)

var update = flag.Bool("update", false, "write generated.go of the example with another GraphQL client anew")

// A program for a page of one's own, without any of our pages: run here by Node, with Node's fetch.
func TestPageOfOnesOwn(t *testing.T) {
	page := layOut(t, "outside").build(t, "page.wasm", "./page", "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	srv, _ := withPost(t, servertest.Options{})
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--stack-size=65536",
		filepath.Join(strings.TrimSpace(string(goroot)), "lib/wasm/wasm_exec_node.js"), page)
	cmd.Args[0] = "page" // in a process called node net/http has no fetch, for the sake of Go's own tests
	// A bare environment: Go's start script takes arguments and environment of at most 8 kB.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LATCHKEY_ENDPOINT=" + srv.URL + "/graphql",
		"LATCHKEY_EMAIL=" + demoEmail, "LATCHKEY_PASSWORD=" + demoPassword}
	text, err := cmd.CombinedOutput()
	if want := "hello, " + demoEmail + "\n- A post\n"; err != nil || string(text) != want {
		t.Errorf("it prints %q, %v; want %q", text, err, want)
	}
}

// Another GraphQL client on the session's transport, with code generated from the schema.
func TestAnotherGraphQLClient(t *testing.T) {
	mod := layOut(t, "genqlient")
	committed, err := os.ReadFile(filepath.Join(string(mod), "generated.go"))
	if err != nil {
		t.Fatal(err)
	}
	mod.run(t, nil, "run", "github.com/Khan/genqlient")
	generated, err := os.ReadFile(filepath.Join(string(mod), "generated.go"))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../shared/session/testdata/genqlient/generated.go", generated, 0o600); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(committed, generated) {
		t.Error("generated.go is not of this schema and these operations: go test ./server -run AnotherGraphQLClient -update")
	}
	srv, _ := withPost(t, servertest.Options{})
	cmd := exec.CommandContext(t.Context(), mod.build(t, "genqlient.exe", "."), "-endpoint", srv.URL+"/graphql", "-email", demoEmail)
	cmd.Env = append(os.Environ(), "LATCHKEY_PASSWORD="+demoPassword)
	text, err := cmd.CombinedOutput()
	if want := demoEmail + "\n- Generated\n- A post\n"; err != nil || string(text) != want {
		t.Errorf("it prints %q, %v; want %q", text, err, want)
	}
}

// stay runs the program of that name, without a password.
type stay struct {
	program, endpoint, jar string
}

func (s stay) command(t *testing.T, args ...string) *exec.Cmd {
	return exec.CommandContext(t.Context(), s.program,
		append([]string{"-endpoint", s.endpoint, "-jar", s.jar, "-every", "100ms"}, args...)...)
}

func (s stay) run(t *testing.T, args ...string) (string, error) {
	text, err := s.command(t, args...).CombinedOutput()
	return string(text), err
}

func (s stay) login(t *testing.T, password string) (string, error) {
	cmd := s.command(t, "login", demoEmail)
	cmd.Env = append(os.Environ(), "LATCHKEY_PASSWORD="+password)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// A program whose cookie jar is a file stays logged in, over restarts, beside another process of its kind, and after
// one was killed; here for twice the time after which an idle session ends, which by default is 30 days.
func TestProgramThatStaysLoggedIn(t *testing.T) {
	srv, _ := withPost(t, servertest.Options{AccessTTL: 2 * time.Second, Grace: time.Second, IdleTTL: 5 * time.Second})
	s := stay{layOut(t, "outside").build(t, "stay.exe", "./stay"), srv.URL + "/graphql", filepath.Join(t.TempDir(), "jar.json")}
	if text, err := s.run(t, "posts"); err == nil || !strings.Contains(text, "log in first") {
		t.Errorf("before the login it prints %q, %v", text, err)
	}
	if text, err := s.login(t, "wrong"); err == nil || !strings.Contains(text, "INVALID_CREDENTIALS") {
		t.Errorf("with a wrong password it prints %q, %v", text, err)
	}
	if text, err := s.login(t, demoPassword); err != nil || text != "" {
		t.Fatalf("the login prints %q, %v", text, err)
	}
	s.staysIn(t)
	if info, err := os.Stat(s.jar); err != nil || info.Mode() != 0o600 {
		t.Errorf("the jar's mode is %v, %v", info.Mode(), err)
	}
	if text, err := os.ReadFile(s.jar); err != nil || !bytes.Contains(text, []byte("refreshToken")) || bytes.Contains(text, []byte("eyJ")) {
		t.Errorf("the jar has no refresh token, or an access token in it; %v", err)
	}

	if text, err := s.run(t, "logout"); err != nil || text != "" {
		t.Errorf("the logout prints %q, %v", text, err)
	}
	if text, err := os.ReadFile(s.jar); err != nil || bytes.Contains(text, []byte("refreshToken")) {
		t.Errorf("the logout left the cookie; %v", err)
	}
	if text, err := s.run(t, "posts"); err == nil || !strings.Contains(text, "log in first") {
		t.Errorf("after the logout it prints %q, %v", text, err)
	}
	if strings.Contains(srv.Log(), "TOKEN_REUSED") {
		t.Error("a refresh token was used twice")
	}
}

// staysIn asks for the posts again and again, from a process of its own each time, for more than ten seconds.
func (s stay) staysIn(t *testing.T) {
	t.Helper()
	var watching *exec.Cmd
	var out *bytes.Buffer
	watch := func() {
		watching, out = s.command(t, "watch"), &bytes.Buffer{}
		watching.Stdout, watching.Stderr = out, out
		if err := watching.Start(); err != nil {
			t.Fatal(err)
		}
	}
	watch()
	began := time.Now()
	for killed := false; time.Since(began) < 11*time.Second; {
		if text, err := s.run(t, "posts"); err != nil || text != "- A post\n" {
			t.Fatalf("after %v it prints %q, %v", time.Since(began), text, err)
		}
		if !killed && time.Since(began) > 3*time.Second {
			killed = true
			if err := watching.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = watching.Wait() // it says that it was killed
			time.Sleep(2 * time.Second)
			watch()
		}
		time.Sleep(time.Second / 2)
	}
	if err := watching.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := watching.Wait(); err != nil {
		t.Errorf("watch ends with %v, having printed %q", err, out)
	}
	if text := strings.TrimSpace(strings.ReplaceAll(out.String(), "- A post\n", "")); text != "" || out.Len() == 0 {
		t.Errorf("watch printed %q", out)
	}
}
