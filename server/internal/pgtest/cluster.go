package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startLimit is how long a cluster may take to start or to end, on a machine that has much else to do.
const startLimit = 90 * time.Second

// Cluster is a PostgreSQL server with its data.
type Cluster struct {
	dir     string // everything of it is below
	bin     string
	account *syscall.Credential // nil: the tests' own
	port    int
	server  *exec.Cmd
	ended   chan struct{} // closed once the server has ended
}

// start makes a cluster and runs its server.
func start() (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin}
	if c.dir, err = os.MkdirTemp("", "latchkey-postgres-"); err != nil {
		return nil, err
	}
	if err := c.initialize(); err != nil {
		return nil, errors.Join(err, c.remove())
	}
	for range 3 { // another process may take the port that was free a moment ago
		if c.port, err = freePort(); err != nil {
			break
		}
		if err = c.run(); err == nil {
			return c, nil
		}
	}
	return nil, errors.Join(err, c.remove())
}

// programs returns the directory of the newest PostgreSQL.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	slices.SortFunc(found, func(a, b string) int { return release(a) - release(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errors.New("PostgreSQL is not installed: apt-get install postgresql")
}

func release(initdb string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	if err != nil {
		return 0
	}
	return n
}

// initialize makes the data directory, for the account that the server will run as.
func (c *Cluster) initialize() error {
	password := filepath.Join(c.dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o600); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			return fmt.Errorf("PostgreSQL does not run as root: %w", err)
		}
		uid, errU := strconv.Atoi(owner.Uid)
		gid, errG := strconv.Atoi(owner.Gid)
		if err := errors.Join(errU, errG, os.Chown(c.dir, uid, gid), os.Chown(password, uid, gid)); err != nil {
			return err
		}
		c.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	// What initdb writes need not survive a loss of power; what the server writes does as ever.
	cmd := c.command("initdb", "--no-sync", "--pgdata="+c.data(), "--username="+User, "--pwfile="+password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = processOf(c.account)
	return cmd
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return ln.Addr().(*net.TCPAddr).Port, ln.Close()
}

// run starts the server and waits until it answers.
func (c *Cluster) run() error {
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the server has it from its start
	c.server = c.command("postgres", "-D", c.data(), "-p", strconv.Itoa(c.port), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "shared_buffers=32MB", "-c", "fsync=on")
	c.server.Stdout, c.server.Stderr = log, log
	started := make(chan error)
	c.ended = make(chan struct{})
	go func(server *exec.Cmd, ended chan struct{}) {
		// The kernel ends the server with the thread that started it, so that thread must live on.
		runtime.LockOSThread()
		err := server.Start()
		started <- err
		if err == nil {
			_ = server.Wait() // however it ended, it has
		}
		close(ended)
	}(c.server, c.ended)
	if err := <-started; err != nil {
		c.server = nil
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-c.ended:
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, c.log())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, c.log())
		}
	}
}

func (c *Cluster) log() string {
	text, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Running reports whether the server runs.
func (c *Cluster) Running() bool {
	if c.server == nil {
		return false
	}
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// Kill stops the server at once, as a crash does: nothing is finished and nobody told. [Cluster.Restart] brings it back.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	if err := c.stop(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

// Crash kills the server's first process with signal 9, which leaves it to the others to notice. [Cluster.Restart]
// brings the server back.
func (c *Cluster) Crash(t testing.TB) {
	t.Helper()
	if err := c.stop(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// Restart runs the server again, at the same address and with what it had. It waits for what is left of the last run.
func (c *Cluster) Restart(t testing.TB) {
	t.Helper()
	err := c.run()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(startLimit); err != nil && !c.Running() && time.Now().Before(end); err = c.run() {
		<-tick.C
	}
	if err != nil {
		t.Fatal(err)
	}
}

// stop ends the server by its process id: with SIGQUIT, which is PostgreSQL's immediate shutdown, or SIGKILL.
func (c *Cluster) stop(signal syscall.Signal) error {
	if !c.Running() {
		return nil
	}
	if err := c.server.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case <-c.ended:
		return nil
	case <-limit.C:
		return errors.Join(errors.New("it did not end when told to"), c.server.Process.Kill())
	}
}

// remove ends the server and removes its data.
func (c *Cluster) remove() error {
	err := c.stop(syscall.SIGQUIT)
	if rm := os.RemoveAll(c.dir); !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}
