package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// certified is a server for app.example, whose certificate is issued by ca, and what it logs.
type certified struct {
	serving
	ca   *acmeAuthority
	addr string
}

func startCertified(t *testing.T, ca *acmeAuthority, cache string) certified {
	t.Helper()
	inTheClear := freeAddress(t)
	s := certified{ca: ca, serving: startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--tls-domain=app.example",
		"--tls-authority="+ca.url+"/directory", "--tls-cache="+cache, "--http-addr="+inTheClear)}
	at, err := url.Parse(s.url)
	if err != nil || at.Hostname() != "app.example" || at.Scheme != "https" {
		t.Fatalf("it is at %q, %v", s.url, err)
	}
	s.addr = net.JoinHostPort("localhost", at.Port())
	ca.mu.Lock()
	defer ca.mu.Unlock()
	ca.reach = map[string]string{"http-01": inTheClear, "tls-alpn-01": s.addr}[ca.challenge]
	return s
}

// ask asks for a page as a visitor who finds the host app.example here.
func (s certified) ask(t *testing.T) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.ca.pool}, ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.addr)
		}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(s.url + "/login")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp, err
}

func (a *acmeAuthority) wantIssued(t *testing.T, want int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.issued != want || a.failed != nil {
		t.Errorf("%d certificates are issued, want %d; the last challenge: %v", a.issued, want, a.failed)
	}
}

// The certificate of --tls-domain is had when the first visitor comes, by either challenge, and kept for later starts.
func TestACertificateIsIssued(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			ca, cache := newACMEAuthority(t, challenge), filepath.Join(t.TempDir(), "certificates")
			for i := range 2 {
				srv := startCertified(t, ca, cache)
				ca.wantIssued(t, i) // not before somebody asks
				for range 2 {
					resp, err := srv.ask(t)
					if err != nil {
						t.Fatal(err)
					}
					if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
						t.Errorf("%s %s %v", resp.Proto, resp.Status, resp.Header)
					}
				}
				ca.wantIssued(t, 1)
				if conn, err := tls.Dial("tcp", srv.addr, &tls.Config{ServerName: "www.example", InsecureSkipVerify: true}); err == nil {
					conn.Close()
					t.Error("there is a certificate for another host")
				}
				ca.wantIssued(t, 1)
				if got := srv.end(); got != exitOK {
					t.Errorf("exit status %d", got)
				}
			}
			kept, err := os.ReadDir(cache)
			if err != nil || len(kept) < 2 {
				t.Fatalf("%v is kept, %v", kept, err)
			}
			for _, f := range kept {
				if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
				}
			}
		})
	}
}

// A host for which no certificate is had is not served, and the log says why: once, however many ask.
func TestACertificateThatIsNotIssued(t *testing.T) {
	ca := newACMEAuthority(t, "http-01")
	var log bytes.Buffer
	i := newIssued(&transport{TLSDomain: "app.example", TLSAuthority: ca.url + "/nowhere", TLSCache: t.TempDir()}, slog.New(slog.NewTextHandler(&log, nil)))
	for range 10 {
		for _, name := range []string{"app.example", "www.example", ""} {
			if cert, err := i.get(&tls.ClientHelloInfo{ServerName: name}); err == nil {
				t.Errorf("there is a certificate: %v", cert)
			}
		}
	}
	if told := log.String(); strings.Count(told, "\n") != 1 || !strings.Contains(told, "app.example") {
		t.Errorf("the log says %s", told)
	}
}

// What `make run TLS=1` serves with: a certificate for localhost that signs itself, with a key that nobody else reads.
func TestTheCertificateOfMakeRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "localhost")
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	made := exec.Command("make", "-s", "-C", "..", "certificate", "CERTIFICATE="+dir)
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--tls-cert="+cert, "--tls-key="+key)
	at, err := url.Parse(srv.url)
	if err != nil {
		t.Fatal(err)
	}
	resp := secured{srv, &authority{pool: pool}, at.Host}.get(t, 2, srv.url+"/login")
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("%s %s", resp.Proto, resp.Status)
	}
}

// In the clear, a browser that only reads is redirected. Requests that carry data, and those of programs, are refused.
func TestTheListenerInTheClear(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(t, 7)
	at := freeAddress(t)
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--tls-cert="+ca.cert, "--tls-key="+ca.key, "--http-addr="+at)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, row := range []struct {
		method, uri, token string
		status             int
		to                 string
	}{
		{"GET", "/posts?x=%20y", "", 308, "/posts?x=%20y"},
		{"HEAD", "/", "", 308, "/"},
		{"GET", "//evil.example/", "", 403, ""}, // it is sent as http://evil.example/
		{"POST", "/login", "", 403, ""},
		{"POST", "/graphql", "", 403, ""},
		{"GET", "/graphql", "", 403, ""},
		{"GET", "/.well-known/jwks.json", "", 403, ""},
		{"GET", "/healthz", "", 403, ""},
		{"GET", "/posts", "Bearer x", 403, ""},
		{"DELETE", "/", "", 403, ""},
		{"GET", "/.well-known/acme-challenge/x", "", 308, "/.well-known/acme-challenge/x"},
		{"GET", "/" + strings.Repeat("x", 9000), "", 403, ""},
	} {
		t.Run(row.method+" "+row.uri[:min(len(row.uri), 20)], func(t *testing.T) {
			r, err := http.NewRequest(row.method, "http://"+at, strings.NewReader("intent=login"))
			if err != nil {
				t.Fatal(err)
			}
			r.URL.Opaque = row.uri
			r.Host = "evil.example"
			if row.token != "" {
				r.Header.Set("Authorization", row.token)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			want := row.to
			if want != "" {
				want = srv.url + want
			}
			if got := resp.Header.Get("Location"); resp.StatusCode != row.status || got != want {
				t.Errorf("%s to %q, want %d to %q", resp.Status, got, row.status, want)
			}
			if resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("Strict-Transport-Security") != "" || resp.Header.Get("Set-Cookie") != "" {
				t.Errorf("the headers are %v", resp.Header)
			}
		})
	}
}
