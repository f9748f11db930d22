package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
)

// trail is a service on a store, with everything that must not be on record.
type trail struct {
	t       *testing.T
	store   Store
	cfg     auth.Config
	by      auth.Visitor
	secrets []string
}

// service starts a service, changed by set, and runs do with it. What it noted is written when that is done.
func (r *trail) service(set func(*auth.Config), do func(*auth.Service)) {
	r.t.Helper()
	cfg := r.cfg
	if set != nil {
		set(&cfg)
	}
	s, err := auth.New(ctx, r.store, cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	do(s)
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Run(over); err != nil {
		r.t.Fatal(err)
	}
}

// granted keeps the tokens of an answer among the secrets.
func (r *trail) granted(g auth.Grant, err error) auth.Grant {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%v (%v)", err, errors.Unwrap(err))
	}
	_, secret, _ := strings.Cut(g.RefreshToken, ".")
	r.secrets = append(r.secrets, g.AccessToken, g.RefreshToken)
	if secret != "" {
		r.secrets = append(r.secrets, secret)
	}
	return g
}

func (r *trail) refused(err error, code auth.Code) {
	r.t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) || e.Code != code {
		r.t.Fatalf("error %v, want %s", err, code)
	}
}

func (r *trail) with(tokens ...string) auth.Visitor {
	v := r.by
	v.Tokens = tokens
	return v
}

func identity(g auth.Grant) auth.Identity {
	return auth.Identity{UserID: g.User.ID, SessionID: g.SessionID}
}

// tooLate presents a token that must be refused.
func (r *trail) tooLate(s *auth.Service, g *auth.Grant) {
	r.t.Helper()
	time.Sleep(2 * time.Millisecond)
	_, err := s.Refresh(ctx, r.with(g.RefreshToken), auth.RefreshOptions{})
	r.refused(err, auth.CodeUnauthenticated)
}
