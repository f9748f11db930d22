package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"example.com/latchkey/server/internal/auth"
)

// masterKeyVariable holds the master key itself. There is no flag of the kind: the list of processes shows flags.
const masterKeyVariable = "LATCHKEY_KEY"

// masterKey is the flag that says where the master key is, of every command that needs the keys themselves.
type masterKey struct {
	KeyFile string `name:"key-file" placeholder:"FILE" help:"A file with the master key that encrypts the signing keys in the database: 32 random bytes in base64 or hex, readable to its owner alone. LATCHKEY_KEY may hold the key itself instead."`

	master *auth.MasterKey // nil: there is none
}

// check reads the master key. It returns a *usageError where there is something wrong with it, without a word of it.
func (m *masterKey) check() error {
	text, source := os.Getenv(masterKeyVariable), masterKeyVariable
	if m.KeyFile != "" {
		if text != "" {
			return usagef("--key-file and %s both give a master key: leave one out", masterKeyVariable)
		}
		var err error
		if text, err = readKeyFile(m.KeyFile); err != nil {
			return usagef("--key-file=%q: %v", m.KeyFile, err)
		}
		source = fmt.Sprintf("--key-file=%q", m.KeyFile)
	} else if text == "" {
		return nil
	}
	random, err := decodeKey(strings.TrimSpace(text))
	if err != nil {
		return usagef("%s: %v", source, err)
	}
	m.master, err = auth.NewMasterKey(random)
	return err
}

// explain turns what is wrong with the master key into a *usageError that tells what to do.
func (m *masterKey) explain(err error) error {
	switch {
	case errors.Is(err, auth.ErrNoMasterKey):
		return usagef("%v: name its file with --key-file, or put it into %s", auth.ErrNoMasterKey, masterKeyVariable)
	case errors.Is(err, auth.ErrWrongMasterKey) && m.KeyFile != "":
		return usagef("--key-file=%q: %v", m.KeyFile, auth.ErrWrongMasterKey)
	case errors.Is(err, auth.ErrWrongMasterKey):
		return usagef("%s: %v", masterKeyVariable, auth.ErrWrongMasterKey)
	case errors.Is(err, auth.ErrNotEncrypted):
		return usagef("%v", auth.ErrNotEncrypted)
	}
	return err
}

// tooOpen are the permissions that a key file must not give: none to others, and to its group none but to read.
const tooOpen fs.FileMode = 0o037

// readKeyFile returns what a file holds that nobody else may read.
func readKeyFile(path string) (text string, err error) {
	f, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	switch mode := info.Mode(); {
	case err != nil:
		return "", err
	case !mode.IsRegular():
		return "", errors.New("it is not a file")
	case mode.Perm()&tooOpen != 0 && runtime.GOOS != "windows": // which has no such permissions
		return "", fmt.Errorf("its mode %#o lets others at it: chmod 600", mode.Perm())
	}
	raw, err := io.ReadAll(io.LimitReader(f, 1024))
	return string(raw), err
}

// decodeKey returns the bytes of a master key. What it fails with tells nothing of the text.
func decodeKey(text string) ([]byte, error) {
	decoders := map[int]func(string) ([]byte, error){
		hex.EncodedLen(auth.MasterKeySize):                   hex.DecodeString,
		base64.StdEncoding.EncodedLen(auth.MasterKeySize):    base64.StdEncoding.DecodeString,
		base64.RawStdEncoding.EncodedLen(auth.MasterKeySize): base64.RawStdEncoding.DecodeString,
	}
	if decode, ok := decoders[len(text)]; ok {
		if key, err := decode(text); err == nil && len(key) == auth.MasterKeySize {
			return key, nil
		}
	}
	return nil, errors.New("it does not hold 32 bytes in base64 or hex, as `openssl rand -base64 32` makes them")
}
