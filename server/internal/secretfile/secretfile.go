// Package secretfile keeps other accounts of the machine away from files with secrets: keys and databases.
//
// [Read] refuses a file that others can read, for files that an operator makes. [Mend] takes the permissions away, for
// files that this program makes: an earlier release, a copy or a backup may have left them open.
package secretfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
)

// tooOpen are the permissions that a file with a secret must not give: none to others, and to its group none but to read.
const tooOpen fs.FileMode = 0o037

// kept is the mode of a file that was mended.
const kept fs.FileMode = 0o600

// Check returns an error where others can read or change a file with this mode. It finds nothing on Windows, which has
// no such permissions.
func Check(mode fs.FileMode) error {
	if mode.Perm()&tooOpen != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("its mode %#o lets others at it: chmod 600", mode.Perm())
	}
	return nil
}

// Read returns what a file holds, up to limit bytes. It fails where others can read or change the file, and where the
// path names no regular file.
func Read(path string, limit int64) (content []byte, err error) {
	f, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, reason(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	if err := Check(info.Mode()); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, limit))
}

// Mend makes sure that others can neither read nor change the file. It logs a file that it has to change, and fails where
// this process may not change it. A file that is not there is fine.
func Mend(path string, log *slog.Logger) error { return mend(path, log, os.Chmod) }

func mend(path string, log *slog.Logger, chmod func(string, fs.FileMode) error) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return reason(err)
	case !info.Mode().IsRegular() || Check(info.Mode()) == nil:
		return nil
	}
	was := fmt.Sprintf("%#o", info.Mode().Perm())
	if err := chmod(path, kept); err != nil {
		return fmt.Errorf("the mode %s of %q lets others at it, and changing that fails: %w", was, path, reason(err))
	}
	log.Warn("a file with secrets was open to others: its mode is changed", "file", path, "was", was, "is", fmt.Sprintf("%#o", kept))
	return nil
}

// reason returns an error of the file system without the path, which callers name.
func reason(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
