package route_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/web"
)

// assetOf finds the path of an asset in the start page.
func assetOf(s site, name, ext string) string {
	s.t.Helper()
	page := s.request("GET", "/", nil, "").body
	path := regexp.MustCompile(`/assets/` + name + `-[0-9a-f]{64}` + regexp.QuoteMeta(ext)).FindString(page)
	if path == "" {
		s.t.Fatalf("the page names no %s%s: %s", name, ext, page)
	}
	return path
}

// Assets have their content's hash in their name, are kept for good, and come in the best form that is accepted.
func TestAssets(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	assets, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ method, path, kind string }{
		{"GET", assetOf(s, "page", ".js"), "text/javascript; charset=utf-8"},
		{"GET", assetOf(s, "style", ".css"), "text/css; charset=utf-8"},
		{"GET", assetOf(s, "icon", ".svg"), "image/svg+xml"},
		{"HEAD", assets.URL("latchkey.wasm"), "application/wasm"},
	} {
		plain := s.request(row.method, row.path, nil, "")
		for _, form := range []struct{ accept, encoding string }{
			{"", ""}, {"identity", ""}, {"gzip", "gzip"}, {"br", "br"}, {"gzip, deflate, br, zstd", "br"}, {"gzip, br;q=0", "gzip"},
			{"br;q=0.0, gzip;q=0.5", "gzip"}, {"BR", "br"}, {"xbr, gzipped", ""}, {"gzip;q=0, br;q=0", ""},
		} {
			t.Run(row.path[8:12]+" for "+form.accept, func(t *testing.T) {
				a := site{s.Server, t}.request(row.method, row.path, map[string]string{"Accept-Encoding": form.accept}, "")
				wantPolicy(t, a.header, otherPolicy, "")
				for name, want := range map[string]string{
					"Content-Encoding": form.encoding, "Content-Type": row.kind,
					"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding",
				} {
					if got := a.header.Get(name); got != want {
						t.Errorf("%s is %q, want %q", name, got, want)
					}
				}
				if a.status != 200 || row.method == "GET" && unpack(t, a) != plain.body {
					t.Errorf("%d, and not the content that it is without an encoding", a.status)
				}
			})
		}
	}
}

func unpack(t *testing.T, a answer) string {
	t.Helper()
	var r io.Reader = strings.NewReader(a.body)
	var err error
	switch a.header.Get("Content-Encoding") {
	case "br":
		r = brotli.NewReader(r)
	case "gzip":
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every other name is no asset: a wrong hash, none, a part of one, what the build leaves beside, and what is outside.
func TestNoAssets(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	script := assetOf(s, "page", ".js")
	hash := script[len("/assets/page-") : len(script)-len(".js")]
	other := "0"
	if hash[0] == '0' {
		other = "1"
	}
	for _, path := range []string{
		"/assets/", "/assets/page.js", "/assets/page-.js", "/assets/page-" + hash[:63] + ".js", "/assets/page-" + other + hash[1:] + ".js",
		"/assets/style-" + hash + ".css", script + ".br", script + ".gz", "/assets/page.js.br", "/assets/.page.js.sum", "/assets/.gitignore",
		"/assets/..%2fembed.go", "/assets/%2e%2e/embed.go", "/assets/" + strings.ToUpper(script[8:]), script + "/",
	} {
		a := s.request("GET", path, nil, "")
		if a.status != 404 && a.status != 301 || strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	a := s.request("GET", script, map[string]string{"Accept-Encoding": "br"}, "")
	again := s.request("GET", script, map[string]string{"Accept-Encoding": "br", "If-None-Match": a.header.Get("ETag")}, "")
	if a.header.Get("ETag") == "" || again.status != 304 || again.body != "" {
		t.Errorf("revalidated with %q: %d", a.header.Get("ETag"), again.status)
	}
	wantPolicy(t, again.header, otherPolicy, "")
}
