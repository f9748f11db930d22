package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// authority signs certificates for localhost into two files.
type authority struct {
	cert, key string
	pool      *x509.CertPool
	signer    *ecdsa.PrivateKey
	root      *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	signer := newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := &authority{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), pool: x509.NewCertPool(), signer: signer, root: root}
	a.pool.AddCert(root)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue writes a certificate with this serial number, and its key.
func (a *authority) issue(t *testing.T, serial int64) {
	t.Helper()
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"},
		NotAfter: time.Now().Add(time.Hour)}, a.root, key.Public(), a.signer)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{a.cert: {Type: "CERTIFICATE", Bytes: der}, a.key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// secured is a server with TLS, and those who ask it.
type secured struct {
	serving
	ca   *authority
	host string
}

func startSecured(t *testing.T) secured {
	t.Helper()
	ca := newAuthority(t)
	ca.issue(t, 7)
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--tls-cert="+ca.cert, "--tls-key="+ca.key)
	at, err := url.Parse(srv.url)
	if err != nil || at.Scheme != "https" {
		t.Fatalf("it is at %q, %v", srv.url, err)
	}
	return secured{srv, ca, at.Host}
}

// get asks by this version of HTTP at most, and follows no redirect.
func (s secured) get(t *testing.T, version int, address string) *http.Response {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.ca.pool}, ForceAttemptHTTP2: version == 2}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	return resp
}

func (s secured) dial(t *testing.T) *tls.Conn {
	t.Helper()
	conn, err := tls.Dial("tcp", s.host, &tls.Config{RootCAs: s.ca.pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // once more does no harm
	return conn
}

func TestHTTPS(t *testing.T) {
	srv := startSecured(t)
	slow, err := net.Dial("tcp", srv.host) // says nothing, and keeps nobody waiting
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	for version := 1; version <= 2; version++ {
		resp := srv.get(t, version, srv.url+"/login")
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != version || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("version %d: %s %s %v", version, resp.Proto, resp.Status, resp.Header)
		}
	}
	t.Run("in the clear", func(t *testing.T) {
		resp := srv.get(t, 1, "http://"+srv.host+"/posts?x=%20y")
		if location := resp.Header.Get("Location"); resp.StatusCode != http.StatusPermanentRedirect || location != srv.url+"/posts?x=%20y" {
			t.Errorf("%s to %q", resp.Status, location)
		}
		if resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("Strict-Transport-Security") != "" { // RFC 6797 §7.2
			t.Errorf("the headers are %v", resp.Header)
		}
	})
	t.Run("an answer of net/http's own", func(t *testing.T) {
		conn := srv.dial(t)
		if _, err := io.WriteString(conn, "GET /% HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%v, %v", resp, err)
		}
	})
	if got := srv.end(); got != exitOK {
		t.Errorf("exit status %d", got)
	}
}

func TestARenewedCertificateIsUsedAfterSIGHUP(t *testing.T) {
	srv := startSecured(t)
	serial := func() int64 {
		conn := srv.dial(t)
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	hangUp := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(srv.ca.cert, []byte("half of a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	hangUp()
	if got := serial(); got != 7 {
		t.Errorf("certificate %d while the renewed one is no good", got)
	}
	srv.ca.issue(t, 8)
	hangUp()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); serial() != 8; <-tick.C {
		if time.Now().After(end) {
			t.Fatal("the renewed certificate is not used")
		}
	}
}
