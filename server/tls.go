package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"example.com/latchkey/server/internal/secretfile"
)

// certificates are where the server's certificate comes from.
type certificates interface {
	// config returns how the server speaks TLS with it (tlsConfig).
	config() *tls.Config
	// run keeps it good until ctx ends, and then returns nil.
	run(ctx context.Context) error
	// challenges answers what its authority asks over plain http, and hands all else to next.
	challenges(next http.Handler) http.Handler
}

// certificate is the pair of --tls-cert and --tls-key. It can be replaced while the server runs: certificates are
// renewed every few weeks, and no request need wait for that.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
	hangup            chan os.Signal // from the loading on: the signal would end the process otherwise
}

func loadCertificate(certFile, keyFile string, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, hangup: make(chan os.Signal, 1)}
	signal.Notify(c.hangup, syscall.SIGHUP)
	return c, c.load()
}

// maxPEM is how many bytes are read of the file of a certificate's key.
const maxPEM = 1 << 20

// load reads the files. The one of the key must be closed to others. Where that fails, what was read before stays in use.
func (c *certificate) load() error {
	cert, err := os.ReadFile(c.certFile)
	if err != nil {
		return usagef("--tls-cert: %v", err)
	}
	key, err := secretfile.Read(c.keyFile, maxPEM)
	if err != nil {
		return usagef("--tls-key=%q: %v", c.keyFile, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return usagef("--tls-cert and --tls-key: %v", err)
	}
	c.current.Store(&pair)
	return nil
}

func (c *certificate) challenges(next http.Handler) http.Handler { return next }

func (c *certificate) config() *tls.Config {
	return tlsConfig(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil })
}

// run reads the files again at each SIGHUP.
func (c *certificate) run(ctx context.Context) error {
	defer signal.Stop(c.hangup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.hangup:
		}
		if err := c.load(); err != nil {
			c.log.Error("the certificate is not read again, and the former one stays in use", "error", err)
			continue
		}
		c.log.Info("the certificate is read again", "ends", fmt.Sprint(c.current.Load().Leaf.NotAfter))
	}
}
