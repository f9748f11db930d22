package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/pgtest"
)

// keyFile writes a master key into a file, and returns the file and the key.
func keyFile(t *testing.T) (path string, key []byte) {
	t.Helper()
	key = make([]byte, 32)
	_, _ = rand.Read(key) // it never fails (crypto/rand)
	return fileOf(t, base64.StdEncoding.EncodeToString(key)+"\n", 0o600), key
}

func fileOf(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "latchkey.key")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMasterKey(t *testing.T) {
	_, random := keyFile(t)
	standard := base64.StdEncoding.EncodeToString(random)
	inHex := hex.EncodeToString(random)
	for _, row := range []struct {
		name, text string
		mode       os.FileMode
		want       string // part of the error; "": there is none
	}{
		{"base64", standard, 0o600, ""},
		{"base64 with a line break", standard + "\n", 0o400, ""},
		{"base64 without padding", strings.TrimRight(standard, "="), 0o600, ""},
		{"hex", inHex, 0o600, ""},
		{"hex in capitals", strings.ToUpper(inHex) + "\r\n", 0o600, ""},
		{"its group may read", standard, 0o640, ""},
		{"its group may write", standard, 0o660, "0660"},
		{"others may read", standard, 0o604, "0604"},
		{"others may write", standard, 0o602, "0602"},
		{"empty", "", 0o600, "32 bytes"},
		{"16 bytes", standard[:24], 0o600, "32 bytes"},
		{"33 bytes", base64.StdEncoding.EncodeToString(append(random, 1)), 0o600, "32 bytes"},
		{"32 bytes as they are", strings.Repeat("k", 32), 0o600, "32 bytes"},
		{"no base64", "!" + standard[1:], 0o600, "32 bytes"},
		{"no hex", "x" + inHex[1:], 0o600, "32 bytes"},
		{"two keys", standard + "\n" + standard, 0o600, "32 bytes"},
		{"very long", strings.Repeat("a", 1<<20), 0o600, "32 bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := masterKey{KeyFiles: []string{fileOf(t, row.text, row.mode)}}
			err := m.check()
			if row.want == "" {
				if err != nil || len(m.masters) != 1 {
					t.Errorf("master keys %v, %v", m.masters, err)
				}
				return
			}
			if err == nil || len(m.masters) > 0 || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if err != nil && len(row.text) > 0 && strings.Contains(err.Error(), row.text[:min(len(row.text), 20)]) {
				t.Errorf("it tells the key: %v", err)
			}
		})
	}
}

func TestMasterKeyFromTheEnvironment(t *testing.T) {
	path, random := keyFile(t)
	t.Setenv(masterKeyVariable, hex.EncodeToString(random))
	m := masterKey{}
	if err := m.check(); err != nil || len(m.masters) != 1 {
		t.Errorf("master keys %v, %v", m.masters, err)
	}
	m = masterKey{KeyFiles: []string{path}}
	if err := m.check(); err == nil || !strings.Contains(err.Error(), masterKeyVariable) {
		t.Errorf("two of them: %v", err)
	}
	t.Setenv(masterKeyVariable, strings.Repeat("00", 32)+", "+base64.StdEncoding.EncodeToString(random))
	if m = (masterKey{}); m.check() != nil || len(m.masters) != 2 {
		t.Errorf("a new one and an old one are %v", m.masters)
	}
	for _, text := range []string{"hunter2", hex.EncodeToString(random) + ",hunter2", hex.EncodeToString(random) + ","} {
		t.Setenv(masterKeyVariable, text)
		if err := (&masterKey{}).check(); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), masterKeyVariable+", key") {
			t.Errorf("no key: %v", err)
		}
	}
}

// published returns the names of the keys that a server publishes.
func published(t *testing.T, url string) (kids []string) {
	t.Helper()
	resp, err := http.Get(url + "/.well-known/jwks.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var set struct{ Keys []struct{ Kid string } }
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Cache-Control"); got != "public, max-age=300" {
		t.Errorf("Cache-Control: %s", got)
	}
	for _, k := range set.Keys {
		kids = append(kids, k.Kid)
	}
	return kids
}

// says runs a command that must succeed, and returns what it printed.
func says(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(t.Context(), args, &stdout, &stderr); got != exitOK || strings.Contains(stderr.String(), "latchkey:") {
		t.Fatalf("%v: exit status %d: %s", args, got, stderr.String())
	}
	return stdout.String()
}

// TestKeysCommands rotates the keys of a server while it runs, on both databases, with and without a master key.
func TestKeysCommands(t *testing.T) {
	for _, row := range []struct {
		name      string
		db        string
		encrypted bool
	}{
		{"SQLite", filepath.Join(t.TempDir(), "x.db"), false},
		{"SQLite encrypted", filepath.Join(t.TempDir(), "y.db"), true},
		{"PostgreSQL", pgtest.Database(t), false},
		{"PostgreSQL encrypted", pgtest.Database(t), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			db, encrypted := "--db="+row.db, "no"
			rotate := []string{"keys", "rotate", db}
			if row.encrypted {
				path, _ := keyFile(t)
				rotate, encrypted = append(rotate, "--key-file="+path), "yes"
			}
			says(t, "migrate", db)
			if got := says(t, "keys", db); !strings.HasPrefix(got, "There are no keys yet") {
				t.Errorf("of a new database it says %q", got)
			}
			srv := startServing(t, append([]string{"--demo"}, rotate[2:]...)...)
			rotateServing(t, srv, db, encrypted, rotate)
			if got := srv.end(); got != exitOK {
				t.Errorf("exit status %d", got)
			}
		})
	}
}

func rotateServing(t *testing.T, srv serving, db, encrypted string, rotate []string) {
	first := published(t, srv.url)
	second := regexp.MustCompile(`^Key (\S{43}) is published now and signs from \S+Z on\.`).FindStringSubmatch(says(t, rotate...))
	if len(first) != 1 || second == nil {
		t.Fatalf("published %v, rotated to %v", first, second)
	}
	wantKeys(t, srv, first[0], second[1])
	list := says(t, "keys", "list", db)
	for kid, state := range map[string]string{first[0]: "signing", second[1]: "announced"} {
		if !regexp.MustCompile(`(?m)^` + kid + ` +` + state + ` .* ` + encrypted + `$`).MatchString(list) {
			t.Errorf("%s is not listed as %s, encrypted: %s:\n%s", kid, state, encrypted, list)
		}
	}
	if again := says(t, rotate...); !strings.HasPrefix(again, "Key "+second[1]+" is published") {
		t.Errorf("rotated again: %q", again)
	}
	third := regexp.MustCompile(`^Key (\S{43}) signs from \S+Z on\. All other`).FindStringSubmatch(says(t, append(rotate, "--now")...))
	if third == nil {
		t.Fatal("it does not say which key signs")
	}
	wantKeys(t, srv, third[1])
}

// wantKeys waits until the server publishes these keys.
func wantKeys(t *testing.T, srv serving, want ...string) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.Now().Add(20 * time.Second); ; <-again.C {
		got := published(t, srv.url)
		if strings.Join(got, " ") == strings.Join(want, " ") {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("published %v, want %v", got, want)
		}
	}
}

// TestAnotherMasterKeyIsOneLine opens a database whose keys are encrypted with the wrong key, and without.
func TestAnotherMasterKeyIsOneLine(t *testing.T) {
	right, _ := keyFile(t)
	wrong, other := keyFile(t)
	for name, db := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "x.db"), "PostgreSQL": pgtest.Database(t)} {
		plain := startServing(t, "--db="+db) // and one that is not encrypted yet
		if status, line := fails(t, "keys", "rotate", "--db="+db, "--key-file="+right); status != exitUsage || !strings.Contains(line, "not encrypted") {
			t.Errorf("%s, not encrypted: status %d, %q", name, status, line)
		}
		plain.end()
		startServing(t, "--db="+db, "--key-file="+right).end()
		for _, command := range [][]string{{"serve", "--addr=localhost:0"}, {"keys", "rotate"}, {"keys", "rotate", "--now"}} {
			for _, row := range []struct {
				args []string
				want string
			}{{nil, "--key-file"}, {[]string{"--key-file=" + wrong}, "another master key. To change it"}} {
				args := append(append(command[:len(command):len(command)], "--db="+db), row.args...)
				if status, line := fails(t, args...); status != exitUsage || !strings.Contains(line, row.want) {
					t.Errorf("%s, %v: status %d, %q", name, args, status, line)
				}
			}
		}
		startServing(t, "--db="+db, "--key-file="+right).end()
		t.Run(name+", from the environment", func(t *testing.T) {
			t.Setenv(masterKeyVariable, hex.EncodeToString(other))
			if status, line := fails(t, "keys", "rotate", "--db="+db); status != exitUsage || !strings.Contains(line, masterKeyVariable+": ") || !strings.Contains(line, "behind the new one") {
				t.Errorf("status %d, %q", status, line)
			}
		})
	}
}

// TestKeyAgeIsPassedOn has a server replace its key as soon as that may be.
func TestKeyAgeIsPassedOn(t *testing.T) {
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--key-max-age=1s")
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.Now().Add(20 * time.Second); len(published(t, srv.url)) != 2; <-again.C {
		if time.Now().After(late) {
			t.Fatal("no key is announced")
		}
	}
}

// fails runs a command that must fail, and returns the one line that it says.
func fails(t *testing.T, args ...string) (status int, line string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = run(t.Context(), args, &stdout, &stderr)
	for l := range strings.Lines(stderr.String()) {
		if strings.HasPrefix(l, "latchkey:") {
			line += l
		}
	}
	if strings.Count(line, "\n") != 1 || stdout.Len() > 0 {
		t.Errorf("%v: standard error %q, standard output %q", args, stderr.String(), stdout.String())
	}
	return status, line
}
