package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"example.com/latchkey/server/internal/secretfile"
)

// issued is the certificate of --tls-domain: had from an authority by ACME (RFC 8555) when the first visitor asks for
// it, kept in a folder that is the process's own, and renewed while the server runs.
type issued struct {
	domain  string
	manager *autocert.Manager
	log     *slog.Logger
	told    atomic.Int64 // when a failure was last logged, in Unix seconds
}

// failureEvery is how often failures to have a certificate are logged: strangers cause as many as they like.
const failureEvery = time.Minute

func newIssued(t *transport, log *slog.Logger) *issued {
	return &issued{domain: t.TLSDomain, log: log, manager: &autocert.Manager{
		Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(t.TLSDomain), Cache: autocert.DirCache(t.TLSCache),
		Client: &acme.Client{DirectoryURL: t.TLSAuthority, UserAgent: "latchkey"},
	}}
}

// closeCache makes sure that others can neither read the keys in the folder of certificates nor put any there. It looks
// at the files that autocert makes, and leaves those alone that another program may have in the folder.
func closeCache(folder, domain string, log *slog.Logger) error {
	info, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // autocert makes it, for this process's account alone
	}
	if err != nil {
		return err
	}
	if mode := info.Mode(); mode.Perm()&0o022 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("its mode %#o lets others replace the certificates: chmod 700", mode.Perm())
	}
	for _, name := range []string{domain, domain + "+rsa", "acme_account+key", "acme_account.key"} {
		if err := secretfile.Mend(filepath.Join(folder, name), log); err != nil {
			return err
		}
	}
	return nil
}

func (i *issued) config() *tls.Config {
	cfg := tlsConfig(i.get)
	cfg.NextProtos = []string{acme.ALPNProto}
	return cfg
}

// get returns the certificate. The visitor who is the first may be given up on meanwhile: then it is there for the next.
func (i *issued) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := i.manager.GetCertificate(hello)
	if err == nil || hello.ServerName != i.domain {
		return cert, err
	}
	now, last := time.Now().Unix(), i.told.Load()
	if now-last >= int64(failureEvery/time.Second) && i.told.CompareAndSwap(last, now) {
		i.log.Error("cannot obtain a certificate", "domain", i.domain, "error", err)
	}
	return nil, err
}

// run has nothing to do: the renewals' timers are autocert's own.
func (i *issued) run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

func (i *issued) challenges(next http.Handler) http.Handler { return i.manager.HTTPHandler(next) }
