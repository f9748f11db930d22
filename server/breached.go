package main

import (
	"errors"
	"io/fs"
	"os"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/breached"
)

// breachedFile is the file of --breached-passwords. Its zero value is that there is none.
type breachedFile struct {
	list auth.PasswordList // nil: there is none
	file *os.File
}

// openBreached opens the file unless its path is "". It returns a *usageError where that is no list.
func openBreached(path string) (b breachedFile, err error) {
	if path == "" {
		return b, nil
	}
	f, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err == nil {
		b, err = readBreached(f)
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	if err != nil {
		return breachedFile{}, usagef("--breached-passwords=%q: %v", path, err)
	}
	return b, nil
}

// readBreached returns the list that is in a file, or closes that.
func readBreached(f *os.File) (breachedFile, error) {
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a file")
	}
	if err == nil {
		var list *breached.List
		if list, err = breached.New(f, info.Size()); err == nil {
			return breachedFile{list, f}, nil
		}
	}
	return breachedFile{}, errors.Join(err, f.Close())
}

func (b breachedFile) close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
