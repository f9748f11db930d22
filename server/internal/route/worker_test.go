package route_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/latchkey/server/internal/servertest"
	"example.com/latchkey/web"
)

// The worker's entry script is for a browser that starts a worker of this origin and of this version with it, and for
// nothing else: the worker of a page from before or after this release is not this one.
func TestTheWorkersScript(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	assets, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	own := assets.WorkerURL()
	for _, path := range []string{own, "/assets/worker.js", "/assets/worker.js?v=1", own + "&x=1", own + "x", own + "?", "/assets/worker.js?x=1&" + own[len("/assets/worker.js?"):]} {
		for _, dest := range []string{"worker", "sharedworker", "document", "iframe", "script", "empty", "object", "serviceworker", ""} {
			for _, mode := range []string{"same-origin", "navigate", "no-cors", "cors", ""} {
				for name, header := range map[string]map[string]string{
					"fresh": {}, "revalidated": {"If-None-Match": "*", "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, "a part": {"Range": "bytes=0-1"},
				} {
					header["Sec-Fetch-Dest"], header["Sec-Fetch-Mode"] = dest, mode
					t.Run(fmt.Sprintf("%s, %q %q, %s", path, dest, mode, name), func(t *testing.T) {
						status := 403
						switch {
						case (dest == "worker" || dest == "sharedworker") && mode == "same-origin" && path == own:
							status = 200
						case (dest == "worker" || dest == "sharedworker") && mode == "same-origin":
							status = 404
						}
						wantWorker(site{s.Server, t}, path, header, status)
					})
				}
			}
		}
	}
}

func wantWorker(s site, path string, header map[string]string, status int) {
	a := s.request("GET", path, header, "")
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("ETag") != "" || a.header.Get("Last-Modified") != "" {
		s.t.Errorf("it may be kept: %v", a.header)
	}
	if header["Sec-Fetch-Dest"] != "serviceworker" && a.header.Get("Vary") != "Sec-Fetch-Dest" {
		s.t.Errorf("Vary is %q", a.header.Get("Vary"))
	}
	if status != 200 {
		wantPolicy(s.t, a.header, otherPolicy, "")
		if a.status != status || strings.Contains(a.body, "import") {
			s.t.Errorf("%d %s", a.status, a.body)
		}
		return
	}
	wantPolicy(s.t, a.header, workerPolicy, "")
	if a.status != 200 || !strings.Contains(a.body, "import") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
		s.t.Errorf("%d %v %.100s", a.status, a.header, a.body)
	}
}

// Under no other name than its own the worker's script is served: a hashed one could be cached, and opened.
func TestTheWorkersScriptHasOneName(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Options{})
	assets, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	hashed := assets.URL("worker.js")
	if hashed == "/assets/worker.js" {
		t.Fatal("there is no hashed name to try")
	}
	for _, path := range []string{hashed, hashed + "?v=1", "/worker.js", "/assets/worker.js/", "/assets/dist/worker.js", "/assets/Worker.js"} {
		for _, dest := range []string{"document", "sharedworker"} {
			a := s.request("GET", path, map[string]string{"Sec-Fetch-Dest": dest, "Sec-Fetch-Mode": "same-origin"}, "")
			if a.status != 404 || strings.Contains(a.body, "import") {
				t.Errorf("%s as %s: %d %s", path, dest, a.status, a.body)
			}
		}
	}
	if a := s.request("GET", "/", nil, ""); !strings.Contains(a.body, `data-worker="`+assets.WorkerURL()+`"`) {
		t.Errorf("the page does not name %s", assets.WorkerURL())
	}
}
