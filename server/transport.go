package main

import (
	"log/slog"
	"net"
	"net/url"
	"strings"

	"golang.org/x/crypto/acme/autocert"
)

// transport holds the flags about listeners and TLS.
type transport struct {
	TLSCert      string `name:"tls-cert" placeholder:"FILE" help:"Serve HTTPS with this certificate, in PEM with those it needs; read again on SIGHUP."`
	TLSKey       string `name:"tls-key" placeholder:"FILE" help:"The certificate's key, in PEM."`
	TLSDomain    string `name:"tls-domain" placeholder:"HOST" help:"Serve HTTPS for this host, with a certificate obtained by ACME on the first request, and renewed. Giving it accepts the terms of --tls-authority."`
	TLSCache     string `name:"tls-cache" default:"certificates" placeholder:"FOLDER" help:"The folder for the certificates of --tls-domain and their keys."`
	TLSAuthority string `name:"tls-authority" default:"${authority}" placeholder:"URL" help:"The ACME directory of the authority for --tls-domain (default: Let's Encrypt's)."`
	HTTPAddr     string `name:"http-addr" placeholder:"HOST:PORT" help:"A second listener for plain HTTP. It redirects browsers to https and answers the challenges of --tls-authority."`
}

// defaultAuthority is the default of --tls-authority.
const defaultAuthority = autocert.DefaultACMEDirectory

// check returns a *usageError for the first value that contradicts the others or the origin.
func (t *transport) check(origin string) error {
	public, _ := url.Parse(origin) // checkOrigin has judged it
	authority, err := url.Parse(t.TLSAuthority)
	switch {
	case (t.TLSCert == "") != (t.TLSKey == ""):
		return usagef("--tls-cert and --tls-key go together: give both, or neither")
	case t.TLSCert != "" && t.TLSDomain != "":
		return usagef("--tls-cert and --tls-domain exclude each other: give a certificate, or let the authority issue one")
	case t.secure() && strings.HasPrefix(origin, "http:"):
		return usagef("--origin=%q: with --tls-cert or --tls-domain the origin is https", origin)
	case t.TLSDomain != "" && (!strings.Contains(t.TLSDomain, ".") || strings.ContainsAny(t.TLSDomain, ":/*@ ") || net.ParseIP(t.TLSDomain) != nil):
		return usagef("--tls-domain=%q: give a public host name, as app.example", t.TLSDomain)
	case t.TLSDomain != "" && public != nil && origin != "" && public.Hostname() != t.TLSDomain:
		return usagef("--origin=%q: with --tls-domain=%s that is its host", origin, t.TLSDomain)
	case t.TLSDomain != "" && t.TLSCache == "":
		return usagef("--tls-cache is empty: name a folder, or every start asks for a new certificate, which authorities soon refuse")
	case err != nil || authority.Host == "":
		return usagef("--tls-authority=%q: give the URL of an ACME directory", t.TLSAuthority)
	case t.HTTPAddr != "" && !t.secure() && !strings.HasPrefix(origin, "https:"):
		return usagef("--http-addr=%q: it redirects to https, so give a certificate, or an --origin that is https", t.HTTPAddr)
	}
	if _, _, err := net.SplitHostPort(t.HTTPAddr); t.HTTPAddr != "" && err != nil {
		return usagef("--http-addr=%q: give host:port, as :80", t.HTTPAddr)
	}
	return nil
}

// secure reports whether the server speaks TLS itself.
func (t *transport) secure() bool { return t.TLSCert != "" || t.TLSDomain != "" }

// host returns the host name of the default origin.
func (t *transport) host() string {
	if t.TLSDomain != "" {
		return t.TLSDomain
	}
	return "localhost"
}

// certificates returns the source of the server's certificate, or nil without TLS.
func (t *transport) certificates(log *slog.Logger) (certificates, error) {
	switch {
	case t.TLSCert != "":
		return loadCertificate(t.TLSCert, t.TLSKey, log)
	case t.TLSDomain != "":
		if err := closeCache(t.TLSCache, t.TLSDomain, log); err != nil {
			return nil, usagef("--tls-cache=%q: %v", t.TLSCache, err)
		}
		return newIssued(t, log), nil
	}
	return nil, nil
}
