package auth

import (
	"log/slog"
	"time"
)

// The contract's defaults (section 1).
const (
	DefaultIssuer    = "http://localhost:8080"
	DefaultAccessTTL = 5 * time.Minute
	DefaultGrace     = 30 * time.Second
	DefaultIdleTTL   = 720 * time.Hour
)

// DefaultAuditKeep is a year and some weeks, to look back on the same days of last year.
const DefaultAuditKeep = 400 * 24 * time.Hour

// Config is what a Service may be told. The zero value works.
type Config struct {
	Issuer               string        // the public origin: iss of every access token, and its aud with "/graphql" behind; "": DefaultIssuer
	AccessTTL            time.Duration // life of an access token; 0: DefaultAccessTTL
	Grace                time.Duration // how long a superseded refresh token stays good; 0: DefaultGrace
	Recovery             time.Duration // how long after it was superseded a refresh token can be recovered; 0: never
	IdleTTL              time.Duration // a session not refreshed for longer than this has ended; 0: DefaultIdleTTL
	MaxTTL               time.Duration // a session of this age has ended; 0: never
	LoginAttempts        int           // failed logins per account in 15 minutes, of browsers that never logged in to it; 0: no limit
	LoginAttemptsAddress int           // failed logins per address (IPv6: /64) in 15 minutes; 0: no limit
	Logins               int           // logins of an account in an hour; 0: no limit
	SignUps              int           // sign-ups per address in an hour; 0: no limit
	AuditKeep            time.Duration // how long the audit record keeps its entries; 0: DefaultAuditKeep
	Meter                Meter         // told of what happens, for an operator's figures; nil: nobody is
	KeyMaxAge            time.Duration // a signing key that has signed for so long is replaced; 0: never
	MasterKeys           MasterKeys    // encrypt the signing keys in the store; none: they stand there as they are
	Breached             PasswordList  // of passwords that were found in breaches: no new one may be on it; nil: none is asked
	Log                  *slog.Logger  // nil: discarded
}

func (c Config) withDefaults() Config {
	if c.Issuer == "" {
		c.Issuer = DefaultIssuer
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&c.AccessTTL, DefaultAccessTTL}, {&c.Grace, DefaultGrace}, {&c.IdleTTL, DefaultIdleTTL},
		{&c.AuditKeep, DefaultAuditKeep}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.Meter == nil {
		c.Meter = unmetered{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) policy() Policy {
	return Policy{Grace: c.Grace, Recovery: c.Recovery, Life: Life{Idle: c.IdleTTL, Max: c.MaxTTL}}
}
