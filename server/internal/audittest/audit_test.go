package audittest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/shared/screen"
)

// full asks for every page, and for its speed.
var full = os.Getenv("LATCHKEY_AUDIT") != ""

// The account of every audit.
const (
	email    = "ada@example.com"
	password = "a long enough password"
)

func TestNoPageHasABarrier(t *testing.T)         { audit(t, "axe.mjs") }
func TestLighthouseHasNothingToSay(t *testing.T) { audit(t, "lighthouse.mjs") }
func TestPoliciesHaveNoHole(t *testing.T)        { audit(t, "policies.mjs") }
func TestOthersVerifyAccessTokens(t *testing.T)  { audit(t, "tokens.mjs") }

// audit runs a script of testdata against a server with an account that has posts. The script prints a table, and
// ends with status 1 where it has found something.
func audit(t *testing.T, script string) {
	t.Helper()
	if _, err := os.Stat("testdata/node_modules"); err != nil {
		t.Fatal("npm's packages are not installed: run `make needs`")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	srv := servertest.Start(t, servertest.Options{})
	populate(t, srv)
	site, err := json.Marshal(map[string]any{
		"url": srv.URL, "paths": screen.Paths(), "email": email, "password": password, "chromium": chromium, "full": full,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if end, ok := t.Deadline(); ok { // the script's browser ends with it, and not with a test that was killed
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-20*time.Second))
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, "node", script, string(site))
	cmd.Dir, cmd.Stdout, cmd.Stderr = "testdata", os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		t.Errorf("%s: %v", script, err)
	}
}

// populate makes the account, with more posts than one page lists.
func populate(t *testing.T, srv *servertest.Server) {
	t.Helper()
	grant, err := srv.Auth.SignUp(t.Context(), email, password, "Ada", auth.Visitor{UserAgent: "audit"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		if _, err := srv.Blog.Create(t.Context(), grant.User.ID, fmt.Sprintf("Post %d", i+1), "What it says."); err != nil {
			t.Fatal(err)
		}
	}
}
