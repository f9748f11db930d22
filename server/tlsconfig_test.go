package main

import (
	"crypto/tls"
	"slices"
	"testing"
)

// Only TLS 1.2 and 1.3 are spoken, the latter with every client that can, and of TLS 1.2 only with the suites that are
// recommended.
func TestVersionsAndCipherSuites(t *testing.T) {
	srv := startSecured(t)
	dial := func(least, most uint16, suites ...uint16) (tls.ConnectionState, error) {
		conn, err := tls.Dial("tcp", srv.host, &tls.Config{RootCAs: srv.ca.pool, MinVersion: least, MaxVersion: most, CipherSuites: suites})
		if err != nil {
			return tls.ConnectionState{}, err
		}
		defer conn.Close()
		return conn.ConnectionState(), nil
	}
	for _, old := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if _, err := dial(old, old); err == nil {
			t.Errorf("the server speaks %s", tls.VersionName(old))
		}
	}
	for most, want := range map[uint16]uint16{0: tls.VersionTLS13, tls.VersionTLS12: tls.VersionTLS12} {
		if got, err := dial(tls.VersionTLS12, most); err != nil || got.Version != want {
			t.Errorf("up to %s: %s, %v", tls.VersionName(most), tls.VersionName(got.Version), err)
		}
	}
	agreed := 0
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if slices.Contains(suite.SupportedVersions, tls.VersionTLS13) {
			continue // it is not chosen by the list
		}
		_, err := dial(tls.VersionTLS12, tls.VersionTLS12, suite.ID)
		if recommended := slices.Contains(cipherSuites, suite.ID); err == nil && !recommended {
			t.Errorf("the server speaks %s", suite.Name)
		}
		if err == nil {
			agreed++
		}
	}
	if want := len(cipherSuites) / 2; agreed != want { // those for the kind of the certificate's key
		t.Errorf("%d suites can be agreed on, want %d", agreed, want)
	}
	if got := srv.end(); got != exitOK {
		t.Errorf("exit status %d", got)
	}
}
