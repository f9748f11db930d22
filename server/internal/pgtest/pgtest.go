package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// What stands before the @ of every URL: no error and no log may ever hold it.
const (
	User     = "pgtest_owner"
	Password = "pgtest-password"
)

// shared is the cluster of the test binary.
var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Main runs the tests of a binary and ends what they shared: `func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }`.
func Main(m *testing.M) (status int) {
	defer func() {
		if shared.cluster == nil {
			return
		}
		if err := shared.cluster.remove(); err != nil {
			fmt.Fprintln(os.Stderr, "ending PostgreSQL:", err)
			status = 1
		}
	}()
	return m.Run()
}

// Database returns the URL of an empty database, which is there until the test ends.
func Database(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = start() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.cluster.Database(t)
}

// Start runs a cluster until the test ends.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.remove(); err != nil {
			t.Error("ending PostgreSQL:", err)
		}
	})
	return c
}

var databases atomic.Int64

// Database returns the URL of an empty database, which is there until the test ends or the cluster does.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", databases.Add(1))
	c.admin(t, "create database "+name)
	t.Cleanup(func() {
		if c.Running() {
			c.admin(t, "drop database "+name+" with (force)")
		}
	})
	return c.url(name)
}

func (c *Cluster) url(database string) string {
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(User, Password),
		Host: fmt.Sprintf("127.0.0.1:%d", c.port), Path: "/" + database}).String()
}

// admin runs a statement on the cluster itself.
func (c *Cluster) admin(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // t's context has ended in a cleanup
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
