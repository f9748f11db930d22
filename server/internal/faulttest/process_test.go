package faulttest_test

import (
	"bytes"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/latchkey/server/internal/pgtest"
)

// origin is where the world believes the servers to be, whatever ports they have.
const origin = "https://app.example"

// startLimit is how long a server may take to start or to end, on a machine that has much else to do.
const startLimit = time.Minute

// process is a server: the program as people run it, any number of times one after the other.
type process struct {
	t        *testing.T
	db       string
	built    *built       // nil: checked
	args     []string     // beside those of every server
	troubled *atomic.Bool // its log may hold errors

	address atomic.Value // string: where it listens; "" while it does not run
	running *running
}

// running is one run of a process.
type running struct {
	*process
	cmd       *exec.Cmd
	told      atomic.Bool   // to end, or killed
	listening chan string   // its address, once
	ended     chan struct{} // closed at its end

	rest []byte // of standard error: the line that is not complete yet
}

// start runs the server and returns once it listens.
func (p *process) start() {
	p.t.Helper()
	r := &running{process: p, listening: make(chan string, 1), ended: make(chan struct{})}
	b := p.built
	if b == nil {
		b = &checked
	}
	r.cmd = exec.Command(b.program(p.t), append([]string{"serve", "--addr=127.0.0.1:0", "--origin=" + origin, "--db=" + p.db}, p.args...)...)
	r.cmd.Stderr, r.cmd.SysProcAttr = r, bound
	p.running = r
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the kernel ends the server with its thread
		err := r.cmd.Start()
		started <- err
		if err == nil {
			_ = r.cmd.Wait() // however it ended, it has: ProcessState tells
		}
		p.address.Store("")
		close(r.ended)
		if err == nil && !r.told.Load() {
			p.t.Errorf("a server ended by itself: %v", r.cmd.ProcessState)
		}
	}()
	if err := <-started; err != nil {
		p.t.Fatal(err)
	}
	select {
	case address := <-r.listening:
		p.address.Store(address)
	case <-r.ended:
		p.t.Fatal("a server did not start")
	case <-time.After(startLimit):
		p.t.Fatal("a server does not listen")
	}
}

// kill ends the server as nothing else does: no code of it runs any more.
func (p *process) kill() {
	p.t.Helper()
	p.end(syscall.SIGKILL)
}

// terminate tells the server to end, and returns its exit status and what it took.
func (p *process) terminate() (status int, took time.Duration) {
	p.t.Helper()
	began := time.Now()
	p.end(syscall.SIGTERM)
	return p.running.cmd.ProcessState.ExitCode(), time.Since(began)
}

func (p *process) end(signal syscall.Signal) {
	p.t.Helper()
	p.signal(signal)
	select {
	case <-p.running.ended:
	case <-time.After(startLimit):
		p.t.Fatalf("a server does not end on %v", signal)
	}
}

// signal sends a signal that is to end the server.
func (p *process) signal(signal syscall.Signal) {
	p.t.Helper()
	p.running.told.Store(true)
	if err := p.running.cmd.Process.Signal(signal); err != nil {
		p.t.Fatal(err)
	}
}

// remove kills the server, where it runs, at the end of the test.
func (p *process) remove() {
	if p.running == nil || p.running.cmd.Process == nil {
		return
	}
	select {
	case <-p.running.ended:
	default:
		p.kill()
	}
}

var (
	addressIn = regexp.MustCompile(`msg=listening address=(\S+)`)
	// secretIn matches an access token, a refresh token, and what stands before the @ of the database's URL.
	secretIn = regexp.MustCompile(`eyJ[\w-]{20,}\.|[\w-]{36,}\.[\w-]{43}|` + pgtest.User + `|` + pgtest.Password)
)

// Write implements io.Writer for the program's standard error.
func (r *running) Write(p []byte) (int, error) {
	r.rest = append(r.rest, p...)
	for {
		line, rest, complete := bytes.Cut(r.rest, []byte("\n"))
		if !complete {
			return len(p), nil
		}
		r.line(string(line))
		r.rest = rest
	}
}

// line looks at a line of the log.
func (r *running) line(text string) {
	if found := addressIn.FindStringSubmatch(text); found != nil {
		r.listening <- found[1]
	}
	switch {
	case secretIn.MatchString(text):
		r.t.Error("a server logged a secret:", text)
	case strings.Contains(text, "level=ERROR") && !r.troubled.Load(),
		strings.Contains(text, "msg=panic"), strings.Contains(text, "DATA RACE"), strings.HasPrefix(text, "latchkey:"):
		r.t.Error("a server logged:", text)
	}
}

// TestMigrateByManyProcesses starts programs at the same moment on a database where there is nothing yet.
func TestMigrateByManyProcesses(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			t.Parallel()
			db := engine.database(t)
			var all sync.WaitGroup
			var did atomic.Int64
			for range 4 {
				all.Go(func() {
					out, err := exec.Command(checked.program(t), "migrate", "--db="+db).Output()
					if err != nil || !strings.HasPrefix(string(out), "The tables are at version ") {
						t.Errorf("it says %q, %v", out, err)
					}
					if strings.Contains(string(out), "they were at version 0.") {
						did.Add(1)
					}
				})
			}
			all.Wait()
			if did.Load() != 1 {
				t.Errorf("%d processes say that they made the tables, want 1", did.Load())
			}
		})
	}
}
