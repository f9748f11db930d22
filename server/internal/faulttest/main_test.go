package faulttest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"example.com/latchkey/server/internal/pgtest"
)

// soak asks for the long run.
var soak = os.Getenv("LATCHKEY_SOAK") == "1"

// either returns what belongs to the plain run or to the long one.
func either(short, long int) int {
	if soak {
		return long
	}
	return short
}

// built is the program under test.
type built struct {
	args []string
	once sync.Once
	dir  string
	err  error
}

var (
	checked built // with the race detector where the tests have it
	plain   built // as people run it
)

func TestMain(m *testing.M) {
	if raceDetector() {
		checked.args = []string{"-race"}
	}
	status := pgtest.Main(m)
	if err := errors.Join(os.RemoveAll(checked.dir), os.RemoveAll(plain.dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// program returns the path of the built program.
func (b *built) program(t *testing.T) string {
	t.Helper()
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "latchkey-faulttest-"); b.err != nil {
			return
		}
		args := append([]string{"build", "-o", filepath.Join(b.dir, "latchkey")}, b.args...)
		out, err := exec.Command("go", append(args, "example.com/latchkey/server")...).CombinedOutput()
		if err != nil {
			b.err = errors.Join(err, errors.New(string(out)))
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return filepath.Join(b.dir, "latchkey")
}

func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
