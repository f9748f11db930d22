package main

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hashesOf writes a file of the hashes of passwords, as they stand in those that are had.
func hashesOf(t *testing.T, passwords ...string) (path string) {
	t.Helper()
	var lines []string
	for _, p := range passwords {
		lines = append(lines, fmt.Sprintf("%X:%d\r\n", sha1.Sum([]byte(p)), len(lines)+1))
	}
	slices.Sort(lines)
	path = filepath.Join(t.TempDir(), "hashes.txt")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBreachedPasswordsAreRefused signs up at a server with such a file, until that is lost.
func TestBreachedPasswordsAreRefused(t *testing.T) {
	path := hashesOf(t, "correct horse battery", "hunter2hunter2")
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--breached-passwords="+path)
	const query = `mutation($email: String!, $password: String!) { signUp(email: $email, password: $password) { expiryDate } }`
	for _, row := range []struct{ name, email, password, want string }{
		{"breached", "ada@example.com", "correct horse battery", "known from a breach"},
		{"not breached", "ada@example.com", "another horse battery", `"expiryDate":"`},
		{"the file is lost", "eve@example.com", "another horse battery", "INTERNAL_SERVER_ERROR"},
	} {
		if row.name == "the file is lost" {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		}
		if _, body := ask(t, srv, "", query, map[string]any{"email": row.email, "password": row.password}); !strings.Contains(body, row.want) {
			t.Errorf("%s: %s", row.name, body)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestBreachedPasswordsOfNoListAreOneLine(t *testing.T) {
	db := "--db=" + filepath.Join(t.TempDir(), "x.db")
	for text, want := range map[string]string{"": "empty", "hunter2\n": "not a list of SHA-1 hashes",
		strings.Repeat("B", 40) + "\n" + strings.Repeat("A", 40) + "\n": "not ordered by hash at byte 41"} {
		path := filepath.Join(t.TempDir(), "hashes.txt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, line := fails(t, "serve", "--addr=localhost:0", db, "--breached-passwords="+path); status != exitUsage ||
			!strings.Contains(line, "--breached-passwords=") || !strings.Contains(line, want) {
			t.Errorf("%q: status %d, %q", text, status, line)
		}
	}
}
