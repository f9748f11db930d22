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
var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	status := pgtest.Main(m)
	if err := os.RemoveAll(built.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// program returns the path of the built program: with the race detector where the tests have it.
func program(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "latchkey-faulttest-"); built.err != nil {
			return
		}
		args := []string{"build", "-o", filepath.Join(built.dir, "latchkey")}
		if raceDetector() {
			args = append(args, "-race")
		}
		out, err := exec.Command("go", append(args, "example.com/latchkey/server")...).CombinedOutput()
		if err != nil {
			built.err = errors.Join(err, errors.New(string(out)))
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "latchkey")
}

func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
