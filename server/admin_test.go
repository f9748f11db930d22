package main

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	return free.Addr().String()
}

// get returns the answer to a request for the URL.
func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, req)
}

// answer returns the answer to a request.
func answer(t *testing.T, req *http.Request) (status int, text string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestAdminListener(t *testing.T) {
	at := freeAddress(t)
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--admin-addr="+at)
	for _, row := range []struct {
		name, url string
		status    int
		holds     string
	}{
		{"metrics", "http://" + at + "/metrics", 200, "\ngo_goroutines "},
		{"profiles", "http://" + at + "/debug/pprof/", 200, "goroutine"},
		{"a profile", "http://" + at + "/debug/pprof/heap?debug=1", 200, "heap profile"},
		{"the command line, which may hold a password", "http://" + at + "/debug/pprof/cmdline", 404, ""},
		{"the application", "http://" + at + "/login", 404, ""},
		{"metrics, on the application's address", srv.url + "/metrics", 404, ""},
		{"profiles, on the application's address", srv.url + "/debug/pprof/", 404, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if status, text := get(t, row.url); status != row.status || !strings.Contains(text, row.holds) {
				t.Errorf("%d %.200s", status, text)
			}
		})
	}
	http.DefaultClient.CloseIdleConnections()
	if got := srv.end(); got != exitOK {
		t.Errorf("exit status %d", got)
	}
}
