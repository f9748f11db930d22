// Command bundle builds the browser client into web/dist, from where the server embeds it: the wasm program,
// Go's own start script for it, the page's shim, the worker's entry script, style and icon, each also compressed.
//
// Run it from the top of the module, as `make build` does: `go run ./web/bundle`. What has not changed since the
// last run is not compressed again.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/benbjohnson/hashfs"
)

const out = "web/dist"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run() error {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	wasmExec := filepath.Join(strings.TrimSpace(string(goroot)), "lib/wasm/wasm_exec.js")
	if err := compile("latchkey.wasm"); err != nil {
		return err
	}
	// What names other files comes after them: a name holds the hash of what it names.
	for _, f := range []struct{ name, source string }{
		{"style.css", "web/style.css"}, {"icon.svg", "web/icon.svg"}, {"check.js", "web/check.js"},
		{"wasm_exec.js", wasmExec}, {"page.js", "web/page.js"}, {"worker.js", "web/worker.js"},
	} {
		if err := place(f.name, f.source); err != nil {
			return err
		}
	}
	return nil
}

// relative matches a script's reference to a file beside it.
var relative = regexp.MustCompile(`"\./([a-z_]+\.(?:js|wasm))"`)

// place copies the source to name in dist, with the hashed names of the files that a script of ours names, and
// compresses it.
func place(name, source string) error {
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if name == "page.js" || name == "worker.js" {
		files := hashfs.NewFS(os.DirFS(out))
		data = relative.ReplaceAllFunc(data, func(ref []byte) []byte {
			named := string(relative.FindSubmatch(ref)[1])
			hashed := files.HashName(named)
			if hashed == named {
				err = errors.Join(err, fmt.Errorf("%s names %s, which is not there", source, named))
			}
			return []byte(`"./` + hashed + `"`)
		})
	}
	if err := errors.Join(err, os.WriteFile(filepath.Join(out, name), data, 0o644)); err != nil || name == "worker.js" {
		return err // the worker's entry script is never cached: there is nothing to compress ahead
	}
	return compress(name)
}

// compile builds the client to name in dist, without HTTP/2, which the browser's fetch does for it, and without symbols.
func compile(name string) error {
	cmd := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-ldflags=-s -w",
		"-o", filepath.Join(out, name), "./wasm")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return compress(name)
}

// compress leaves name.br and name.gz beside name, unless those there were made of the same bytes.
func compress(name string) error {
	file := filepath.Join(out, name)
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	stamp := filepath.Join(out, "."+name+".sum")
	if old, err := os.ReadFile(stamp); err == nil && string(old) == hex.EncodeToString(sum[:]) {
		return nil
	}
	var br, gz bytes.Buffer
	zip, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
	if err != nil {
		return err
	}
	for _, w := range []io.WriteCloser{brotli.NewWriterLevel(&br, brotli.BestCompression), zip} {
		if _, err := w.Write(data); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
	}
	if err := os.WriteFile(file+".br", br.Bytes(), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(file+".gz", gz.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(hex.EncodeToString(sum[:])), 0o644)
}
