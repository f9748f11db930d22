// Command latchkey serves session authentication: the GraphQL API, the pages, and the browser client.
//
// `latchkey serve` brings the database's tables up to date and serves. `latchkey migrate` only brings the tables up to
// date. `latchkey audit` prints the audit record. `latchkey sessions list` and `latchkey sessions end` list and end live
// sessions; `latchkey keys list` and `latchkey keys rotate` list and rotate the keys that sign access tokens. `list` may
// be left out. `latchkey restored` makes a database that was restored from a backup safe to serve from. `--help` behind
// a command lists its flags. Each flag is also an environment variable LATCHKEY_<FLAG>.
//
// A bad value is one line on standard error and exit status 2, another failure one line and exit status 1. SIGTERM and
// SIGINT let the running requests end and exit 0, also while the start waits for the database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"example.com/latchkey/server/internal/heap"
	"example.com/latchkey/server/internal/requestid"
)

// Exit statuses.
const (
	exitOK = iota
	exitFailure
	exitUsage
)

func main() {
	heap.Tune()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// cli is the command line.
type cli struct {
	Serve    config   `cmd:"" help:"Serve the application."`
	Migrate  database `cmd:"" help:"Bring the database's tables up to date, and print the old and new version. serve does it too."`
	Audit    audit    `cmd:"" help:"Print the audit record: logins, sessions, passwords and keys, and what was refused. It changes nothing."`
	Sessions struct {
		List liveSessions `cmd:"" default:"withargs" help:"List the live sessions, the most recently used last."`
		End  endSessions  `cmd:"" help:"End the sessions of an account, one session, or all. Servers refuse their access tokens within a second."`
	} `cmd:"" help:"List the live sessions, or end some."`
	Restored restored `cmd:"" help:"Run this after the database was restored from a backup, before servers start: end every session and replace every key. The backup would bring ended sessions back."`
	Keys     struct {
		List   database   `cmd:"" default:"withargs" help:"List the keys that sign access tokens, without their private halves."`
		Rotate rotateKeys `cmd:"" help:"Make a new key that signs access tokens. Servers take it up by themselves; tokens of the old key stay valid."`
	} `cmd:"" help:"List the keys that sign access tokens, or rotate them."`
}

// check returns a *usageError for the first value of the command's flags that makes no sense.
func (c *cli) check(command string) error {
	switch command {
	case "migrate":
		return c.Migrate.check()
	case "audit":
		return c.Audit.check()
	case "sessions list":
		return c.Sessions.List.check()
	case "sessions end":
		return c.Sessions.End.check()
	case "keys list":
		return c.Keys.List.check()
	case "keys rotate":
		return c.Keys.Rotate.check()
	case "restored":
		return c.Restored.check()
	}
	return c.Serve.check()
}

func (c *cli) do(ctx context.Context, command string, log *slog.Logger, stdout io.Writer) error {
	switch command {
	case "migrate":
		return migrate(ctx, c.Migrate, log, stdout)
	case "audit":
		return showAudit(ctx, c.Audit, log, stdout)
	case "sessions list":
		return listSessions(ctx, c.Sessions.List, log, stdout)
	case "sessions end":
		return end(ctx, c.Sessions.End, log, stdout)
	case "keys list":
		return listKeys(ctx, c.Keys.List, log, stdout)
	case "keys rotate":
		return rotate(ctx, c.Keys.Rotate, log, stdout)
	case "restored":
		return afterRestore(ctx, c.Restored, log, stdout)
	}
	return serve(ctx, c.Serve, log, stdout)
}

// run parses the arguments, does what they say until that is done or ctx ends, and returns the exit status. What people
// should see goes to stdout, the log and errors to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c cli
	helped := false
	parser, err := kong.New(&c,
		kong.Name("latchkey"), kong.Description("Session authentication for applications written in Go from end to end."),
		kong.DefaultEnvars("LATCHKEY"), kong.Writers(stdout, stderr), kong.UsageOnError(),
		kong.Vars{"authority": defaultAuthority},
		kong.Exit(func(int) { helped = true }),
	)
	if err != nil {
		return complain(stderr, exitFailure, err)
	}
	parsed, err := parser.Parse(args)
	if helped {
		return exitOK
	}
	if err != nil {
		return complain(stderr, exitUsage, err)
	}
	command := parsed.Command()
	if err := c.check(command); err != nil {
		return complain(stderr, exitUsage, err)
	}
	level := slog.LevelInfo
	if c.Serve.Verbose {
		level = slog.LevelDebug
	}
	log := slog.New(requestid.Handler(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})))
	err = c.do(ctx, command, log, stdout)
	switch bad := (*usageError)(nil); {
	case errors.As(err, &bad):
		return complain(stderr, exitUsage, err)
	case err != nil:
		return complain(stderr, exitFailure, err)
	}
	return exitOK
}

func complain(w io.Writer, status int, err error) int {
	fmt.Fprintln(w, "latchkey:", err) // an error of standard error has nowhere to go
	return status
}
