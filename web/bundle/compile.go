package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// cold are the packages whose speed nobody feels: built smaller, without inlining.
var cold = []string{
	"compress/...", "crypto/...", "encoding/asn1", "log/...", "math/big", "mime/...", "net/...", "regexp/...",
	"text/template/...", "vendor/...",
}

// compile builds the client to name in dist, as the package's doc tells.
func compile(name, goroot string) error {
	edited, err := os.MkdirTemp("", "latchkey-bundle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(edited)
	args := []string{"build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags=-s -w"}
	for _, pattern := range cold {
		args = append(args, "-gcflags="+pattern+"=-l")
	}
	if list, err := overlay(filepath.Join(goroot, "src/net/http"), edited, fetchOnly); err != nil {
		fmt.Fprintln(os.Stderr, "bundle: the client will be a third larger, for this Go's net/http is not as expected:", err)
	} else {
		args = append(args, "-overlay", list)
	}
	cmd := exec.Command("go", append(args, "-o", filepath.Join(out, name), "./wasm")...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return compress(name)
}

// edit replaces one text in a file of the standard library.
type edit struct{ file, old, new string }

// fetchOnly are the edits that make fetch all there is of net/http's transport, as the package's doc tells. In a
// browser the program does the same with them and without.
var fetchOnly = []edit{
	// A type that is in an interface brings its methods along, and those of all types it names: http.Transport, the
	// whole of crypto/tls. So the default transport becomes a type that names none.
	{"transport.go", "var DefaultTransport RoundTripper = &Transport{",
		`type fetch struct{}

func (fetch) RoundTrip(req *Request) (*Response, error) { return new(Transport).RoundTrip(req) }

var DefaultTransport RoundTripper = fetch{}

var _ = &Transport{`},
	// What Transport.RoundTrip does where JavaScript has no fetch: dial.
	{"roundtrip_js.go", "return t.roundTrip(req)", `return nil, errors.New("net/http: there is no fetch here")`},
}

// overlay leaves the edited files of the package at source, and the list of them for the go command's -overlay, in
// dir, and returns the list's name. The error says where a file is not as the edits know it.
func overlay(source, dir string, edits []edit) (string, error) {
	replaced := map[string]string{}
	for _, e := range edits {
		file := filepath.Join(source, e.file)
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if n := strings.Count(string(text), e.old); n != 1 {
			return "", fmt.Errorf("%q is %d times in %s, not once", e.old, n, e.file)
		}
		replaced[file] = filepath.Join(dir, e.file)
		if err := os.WriteFile(replaced[file], []byte(strings.Replace(string(text), e.old, e.new, 1)), 0o644); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, list, 0o644)
}
