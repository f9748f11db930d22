package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// acmeAuthority is an authority that speaks ACME (RFC 8555) on a loopback address, with one account and one order at a
// time. It issues a certificate to whoever passes its challenge.
type acmeAuthority struct {
	*authority
	url       string
	challenge string // "http-01" or "tls-alpn-01"
	reach     string // where the domain's server is, for the challenge

	mu      sync.Mutex // guards what follows
	account *ecdsaJWK
	domain  string
	passed  bool
	leaf    []byte
	issued  int
	failed  error // of the last challenge
}

type ecdsaJWK struct{ Crv, Kty, X, Y string }

const challengeToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA" // RFC 8555 §8.1's example

func newACMEAuthority(t *testing.T, challenge string) *acmeAuthority {
	a := &acmeAuthority{authority: newAuthority(t), challenge: challenge}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	a.url = srv.URL
	return a
}

// said is what a request says, in a JWS (RFC 8555 §6.2). Its signature is not looked at: the other side is under test.
type said struct {
	JWK         *ecdsaJWK // of the protected header
	Identifiers []struct{ Value string }
	CSR         string
}

func read(r *http.Request) (s said, err error) {
	if r.Method != http.MethodPost {
		return s, nil
	}
	var jws struct{ Protected, Payload string }
	if err := json.NewDecoder(r.Body).Decode(&jws); err != nil {
		return s, err
	}
	for _, part := range []string{jws.Protected, jws.Payload} {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return s, err
		}
		if len(raw) == 0 {
			continue // RFC 8555 §6.3
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// ServeHTTP answers every resource.
func (a *acmeAuthority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", rand.Text())
	asked, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	status, body := http.StatusOK, any(nil)
	switch r.URL.Path {
	case "/directory":
		body = map[string]string{"newNonce": a.url + "/nonce", "newAccount": a.url + "/account", "newOrder": a.url + "/order"}
	case "/nonce":
	case "/account":
		a.account = asked.JWK
		w.Header().Set("Location", a.url+"/account/1")
		status, body = http.StatusCreated, map[string]string{"status": "valid"}
	case "/order":
		a.domain, a.passed, a.failed, a.leaf = asked.Identifiers[0].Value, false, nil, nil
		w.Header().Set("Location", a.url+"/order/1")
		status, body = http.StatusCreated, a.order()
	case "/order/1":
		body = a.order()
	case "/authorization":
		body = a.authorization()
	case "/challenge":
		a.failed = a.try(r.Context())
		a.passed = a.failed == nil
		body = a.authorization()["challenges"].([]any)[0]
	case "/finalize":
		if status = http.StatusForbidden; a.passed && a.sign(asked.CSR) == nil {
			status = http.StatusOK
		}
		w.Header().Set("Location", a.url+"/order/1")
		body = a.order()
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		for _, der := range [][]byte{a.leaf, a.root.Raw} {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
		return
	default:
		status = http.StatusNotFound
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error is the connection's
}

func (a *acmeAuthority) order() map[string]any {
	status := map[bool]string{false: acme.StatusPending, true: acme.StatusReady}[a.passed]
	if a.leaf != nil {
		status = acme.StatusValid
	}
	return map[string]any{"status": status, "identifiers": []any{a.identifier()}, "authorizations": []string{a.url + "/authorization"},
		"finalize": a.url + "/finalize", "certificate": a.url + "/certificate"}
}

func (a *acmeAuthority) identifier() any { return map[string]string{"type": "dns", "value": a.domain} }

func (a *acmeAuthority) authorization() map[string]any {
	status := acme.StatusPending
	switch {
	case a.passed:
		status = acme.StatusValid
	case a.failed != nil:
		status = acme.StatusInvalid
	}
	challenge := map[string]any{"type": a.challenge, "url": a.url + "/challenge", "token": challengeToken, "status": status}
	return map[string]any{"status": status, "identifier": a.identifier(), "challenges": []any{challenge}}
}

// try asks the server that holds the domain for the answer to the challenge.
func (a *acmeAuthority) try(ctx context.Context) error {
	print := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, a.account.Crv, a.account.Kty, a.account.X, a.account.Y)) // RFC 7638
	want := challengeToken + "." + base64.RawURLEncoding.EncodeToString(print[:])
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if a.challenge == "http-01" {
		return a.tryHTTP(ctx, want)
	}
	dialer := &tls.Dialer{Config: &tls.Config{ServerName: a.domain, NextProtos: []string{acme.ALPNProto}, InsecureSkipVerify: true}} // it signs itself, RFC 8737 §3
	conn, err := dialer.DialContext(ctx, "tcp", a.reach)
	if err != nil {
		return err
	}
	defer conn.Close()
	digest := sha256.Sum256([]byte(want))
	state := conn.(*tls.Conn).ConnectionState()
	for _, e := range state.PeerCertificates[0].Extensions {
		if state.NegotiatedProtocol == acme.ALPNProto && e.Id.String() == "1.3.6.1.5.5.7.1.31" && strings.HasSuffix(string(e.Value), string(digest[:])) {
			return nil
		}
	}
	return fmt.Errorf("no answer in the certificate")
}

func (a *acmeAuthority) tryHTTP(ctx context.Context, want string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+a.reach+"/.well-known/acme-challenge/"+challengeToken, nil)
	if err != nil {
		return err
	}
	r.Host = a.domain
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if got, err := io.ReadAll(resp.Body); err != nil || string(got) != want {
		return fmt.Errorf("%q is no answer: %v", got, err)
	}
	return nil
}

// sign issues the certificate that the request, in DER and base64url, is for.
func (a *acmeAuthority) sign(csr string) error {
	der, err := base64.RawURLEncoding.DecodeString(csr)
	if err != nil {
		return err
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return err
	}
	a.issued++
	a.leaf, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(int64(a.issued)), DNSNames: []string{a.domain}, NotAfter: time.Now().Add(24 * time.Hour),
		NotBefore: time.Now().Add(-time.Minute), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.root, request.PublicKey.(*ecdsa.PublicKey), a.signer)
	return err
}
