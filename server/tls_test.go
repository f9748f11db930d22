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

func TestHTTPS(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(t, 7)
	srv := startServing(t, "--db="+filepath.Join(t.TempDir(), "x.db"), "--tls-cert="+ca.cert, "--tls-key="+ca.key)
	at, err := url.Parse(srv.url)
	if err != nil || at.Scheme != "https" {
		t.Fatalf("it is at %q, %v", srv.url, err)
	}
	clients := map[int]*http.Client{}
	for version := 1; version <= 2; version++ {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.pool}, ForceAttemptHTTP2: version == 2}
		t.Cleanup(transport.CloseIdleConnections)
		clients[version] = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	get := func(t *testing.T, version int, address string) *http.Response {
		t.Helper()
		resp, err := clients[version].Get(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		resp.Body.Close()
		return resp
	}
	slow, err := net.Dial("tcp", at.Host) // says nothing, and keeps nobody waiting
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()

	for version := range clients {
		resp := get(t, version, srv.url+"/login")
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != version || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("version %d: %s %s %v", version, resp.Proto, resp.Status, resp.Header)
		}
	}
	t.Run("in the clear", func(t *testing.T) {
		resp := get(t, 1, "http://"+at.Host+"/posts?x=%20y")
		if location := resp.Header.Get("Location"); resp.StatusCode != http.StatusPermanentRedirect || location != srv.url+"/posts?x=%20y" {
			t.Errorf("%s to %q", resp.Status, location)
		}
		if resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("no policy: %v", resp.Header)
		}
	})
	t.Run("an answer of net/http's own", func(t *testing.T) {
		conn, err := tls.Dial("tcp", at.Host, &tls.Config{RootCAs: ca.pool})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET /% HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%v, %v", resp, err)
		}
	})
	t.Run("a renewed certificate", func(t *testing.T) {
		serial := func() int64 {
			conn, err := tls.Dial("tcp", at.Host, &tls.Config{RootCAs: ca.pool})
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
		}
		hangUp := func() {
			if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(ca.cert, []byte("half of a certif"), 0o600); err != nil {
			t.Fatal(err)
		}
		hangUp()
		if got := serial(); got != 7 {
			t.Errorf("certificate %d while the renewed one is no good", got)
		}
		ca.issue(t, 8)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		hangUp()
		for end := time.Now().Add(20 * time.Second); serial() != 8; <-tick.C {
			if time.Now().After(end) {
				t.Fatal("the renewed certificate is not used")
			}
		}
	})
	for _, c := range clients {
		c.CloseIdleConnections()
	}
	if got := srv.end(); got != exitOK {
		t.Errorf("exit status %d", got)
	}
}
