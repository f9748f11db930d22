package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"strings"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/secretfile"
)

// masterKeyVariable holds the master key itself. There is no flag of the kind: the list of processes shows flags.
const masterKeyVariable = "LATCHKEY_KEY"

// maxKeyFile is how many bytes are read of the file of a master key.
const maxKeyFile = 1024

// masterKey is the flag that says where the master keys are, of every command that needs the keys themselves.
type masterKey struct {
	KeyFiles []string `name:"key-file" placeholder:"FILE,..." help:"A file with the master key that encrypts the signing keys in the database: 32 random bytes in base64 or hex, readable to its owner alone. The first start with it replaces keys that stood there in the clear. To change it, start every server with the new file and the old one behind it, then with the new one. LATCHKEY_KEY may hold the keys themselves instead."`

	masters auth.MasterKeys // none: there is none
}

// check reads the master keys. It returns a *usageError where there is something wrong with one, without a word of it.
func (m *masterKey) check() error {
	m.masters = nil
	text := os.Getenv(masterKeyVariable)
	switch {
	case len(m.KeyFiles) == 0 && text == "":
		return nil
	case len(m.KeyFiles) == 0:
		for i, one := range strings.Split(text, ",") {
			if err := m.add(one); err != nil {
				return usagef("%s, key %d: %v", masterKeyVariable, i+1, err)
			}
		}
		return nil
	case text != "":
		return usagef("--key-file and %s both give master keys: leave one out", masterKeyVariable)
	}
	for _, path := range m.KeyFiles {
		text, err := secretfile.Read(path, maxKeyFile)
		if err == nil {
			err = m.add(string(text))
		}
		if err != nil {
			return usagef("--key-file=%q: %v", path, err)
		}
	}
	return nil
}

// add reads one master key.
func (m *masterKey) add(text string) error {
	random, err := decodeKey(strings.TrimSpace(text))
	if err != nil {
		return err
	}
	one, err := auth.NewMasterKey(random)
	m.masters = append(m.masters, one)
	return err
}

// explain turns what is wrong with the master keys into a *usageError that tells what to do.
func (m *masterKey) explain(err error) error {
	switch {
	case errors.Is(err, auth.ErrNoMasterKey):
		return usagef("%v: name its file with --key-file, or put it into %s", auth.ErrNoMasterKey, masterKeyVariable)
	case errors.Is(err, auth.ErrWrongMasterKey) && len(m.KeyFiles) > 0:
		return usagef("--key-file=%s: %v. To change it, name the old one's file behind that of the new one, as --key-file=new.key,old.key",
			strings.Join(m.KeyFiles, ","), auth.ErrWrongMasterKey)
	case errors.Is(err, auth.ErrWrongMasterKey):
		return usagef("%s: %v. To change it, put the old one behind the new one, with a comma between them", masterKeyVariable, auth.ErrWrongMasterKey)
	case errors.Is(err, auth.ErrNotEncrypted):
		return usagef("%v", auth.ErrNotEncrypted)
	}
	return err
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
