package simulation

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// seed repeats one history of the tests that play many.
var seed = flag.Uint64("seed", 0, "play the history of this seed alone, and print its events")

// soak asks for minutes of histories instead of seconds.
var soak = os.Getenv("LATCHKEY_SOAK") != ""

// scratch is the directory of the histories' databases.
var scratch string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	dir := os.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir = "/dev/shm" // in memory: what a commit waits for a disk there is real time
	}
	var err error
	if scratch, err = os.MkdirTemp(dir, "latchkey-simulation-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(scratch); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return m.Run()
}
