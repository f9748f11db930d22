package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/benbjohnson/hashfs"
)

//go:embed all:dist
var dist embed.FS

// ErrNotBuilt says that the binary was compiled before the client's files were made.
var ErrNotBuilt = errors.New("the browser client is not in this binary: run `make build`, which builds it first")

// The files of dist that the pages name.
const (
	Style  = "style.css"
	Script = "page.js"
	Icon   = "icon.svg"
	worker = "worker.js"
	check  = "check.js" // which page.js imports
)

// WorkerPath is the path of the worker's entry script, the one asset whose name is not its content's hash.
const WorkerPath = "/assets/worker.js"

// Prefix is the path below which all assets are.
const Prefix = "/assets/"

// encodings are the precompressed forms that the build leaves beside a file, the best first.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// Assets are the files that a page loads: hashed names, precompressed forms and the worker's entry script.
// It is an http.Handler for everything below [Prefix] but [WorkerPath].
type Assets struct {
	files  *hashfs.FS
	raw    fs.FS
	worker []byte
	types  map[string]string
	ver    string
}

// New reads the built client. It returns [ErrNotBuilt] where a file of it is missing.
func New() (*Assets, error) {
	raw, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	return newAssets(raw)
}

func newAssets(raw fs.FS) (*Assets, error) {
	a := &Assets{files: hashfs.NewFS(raw), raw: raw, types: map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml", ".wasm": "application/wasm",
	}}
	sum := sha256.New()
	for _, name := range []string{Style, Script, check, Icon, worker, "wasm_exec.js", "latchkey.wasm"} {
		data, err := fs.ReadFile(raw, name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNotBuilt
		} else if err != nil {
			return nil, err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(data))
		sum.Write(data)
		if name == worker {
			a.worker = data
		}
	}
	a.ver = base64.RawURLEncoding.EncodeToString(sum.Sum(nil))[:16]
	return a, nil
}

// URL returns the path, with the content's hash in it, under which the file of the name is served for good.
func (a *Assets) URL(name string) string { return Prefix + a.files.HashName(name) }

// WorkerURL returns the worker's URL. Its query is the version of the whole client, and under no other one the script
// is to be served: a page and a worker of different versions never meet.
func (a *Assets) WorkerURL() string { return WorkerPath + "?v=" + a.ver }

// Worker returns the worker's entry script.
func (a *Assets) Worker() []byte { return a.worker }

// ServeHTTP answers GET and HEAD of a hashed name, in the best form the request accepts, and 404 for all else.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hashed := strings.TrimPrefix(r.URL.Path, Prefix)
	name, hash := hashfs.ParseName(hashed)
	if hash == "" || name == worker || a.files.HashName(name) != hashed {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.contentType(name))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	stored := name
	for _, e := range encodings {
		if _, err := fs.Stat(a.raw, name+e.suffix); err == nil && accepts(r, e.name) {
			h.Set("Content-Encoding", e.name)
			h.Set("ETag", `"`+hash[:16]+e.suffix+`"`)
			stored = name + e.suffix
			break
		}
	}
	http.ServeFileFS(w, r, a.raw, stored)
}

func (a *Assets) contentType(name string) string {
	if t, ok := a.types[path.Ext(name)]; ok {
		return t
	}
	return mime.TypeByExtension(path.Ext(name))
}

// accepts reports whether r names the encoding in Accept-Encoding without refusing it (RFC 9110 §12.5.3).
func accepts(r *http.Request, encoding string) bool {
	for _, part := range strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(part, ";")
		q := strings.ReplaceAll(params, " ", "")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			return strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "" || !strings.HasPrefix(q, "q=")
		}
	}
	return false
}
