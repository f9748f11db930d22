// Command bundle builds the browser client into web/dist, from where the server embeds it: the wasm program,
// Go's own start script for it, the page's shim, the worker's entry script, style and icon, each also compressed.
//
// Scripts and style lose their comments and spaces: 2 kB of what a page has to load before it can be used.
//
// Run it from the top of the module, as `make build` does: `go run ./web/bundle`. What has not changed since the
// last run is not compressed again.
//
// # Weight
//
// Most of the program is what net/http brings along, which the GraphQL client needs. What is done about it, in kB over
// the wire (brotli), each on top of those before, with Go 1.26:
//
//	                                                          kB
//	as `go build` makes it                                 2,401
//	-ldflags='-s -w': no symbols, no DWARF                 2,365
//	-tags nethttpomithttp2: the browser does HTTP/2        2,248
//	fetch only: net/http without its own dialler           1,711
//	log/slog only in programs that log (shared/session)    1,688
//	-gcflags=…=-l: nothing inlined in cold packages        1,640
//
// And for the same program to have the same name from one release to the next, so that browsers keep it: -trimpath, and
// -buildvcs=false, for the commit's name would change it with every commit.
//
// Fetch only: a browser's net/http sends requests by fetch. It falls back on dialling by itself, with TLS, where there
// is no fetch, which no browser comes to, and no linker can tell. So the build replaces two lines of net/http by way of
// the go command's -overlay: see [fetchOnly]. A Go whose net/http reads otherwise is told by a test, and by a line of
// this command, which then builds with the net/http that is there: a larger program that does the same.
//
// Cold packages, see [cold], run once or never; in those that render a page, or run always, inlining is worth its
// bytes. Measured by BenchmarkPage of shared/screen in Node, from an answer's JSON to the HTML: without inlining in the
// runtime 48 kB less and a tenth slower, in reflect, fmt and encoding/json 50 kB less and a third slower, in all
// packages 130 kB less and at less than half the speed.
//
// What brings nothing: wasm-opt, a larger window for brotli (0.1 %), GOWASM (Go 1.26 ignores it). What a browser keeps
// beside the file is the code it has compiled, once the client has been in use for a while: for that the program comes
// by instantiateStreaming, from an address that is immutable.
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
	"github.com/evanw/esbuild/pkg/api"
)

const out = "web/dist"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run() error {
	env, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	goroot := strings.TrimSpace(string(env))
	wasmExec := filepath.Join(goroot, "lib/wasm/wasm_exec.js")
	if err := compile("latchkey.wasm", goroot); err != nil {
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

// place copies the source to name in dist, with the hashed names of the files that a script of ours names, shortens
// what is ours, and compresses it.
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
	if strings.HasPrefix(source, "web/") { // others' files stay as they are, with whose they are
		var wrong error
		data, wrong = shorten(name, data)
		err = errors.Join(err, wrong)
	}
	if err := errors.Join(err, os.WriteFile(filepath.Join(out, name), data, 0o644)); err != nil || name == "worker.js" {
		return err // the worker's entry script is never cached: there is nothing to compress ahead
	}
	return compress(name)
}

// shorten leaves comments and spaces out of a script or a style sheet. Names stay: who looks can still read it. The page's
// script is no module, and gets a function around it, for what is global there is global to every script.
func shorten(name string, data []byte) ([]byte, error) {
	loader := map[string]api.Loader{".js": api.LoaderJS, ".css": api.LoaderCSS}[filepath.Ext(name)]
	if loader == api.LoaderNone {
		return data, nil
	}
	text := string(data)
	if name == "page.js" {
		text = "(() => {" + text + "})();"
	}
	result := api.Transform(text, api.TransformOptions{
		Sourcefile: name, Loader: loader, MinifyWhitespace: true, MinifySyntax: true, LegalComments: api.LegalCommentsNone,
	})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("%s: %s", name, result.Errors[0].Text)
	}
	return result.Code, nil
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
