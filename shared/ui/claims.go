package ui

import (
	"strconv"
	"time"
)

// ClaimsView is what an access token says of itself, decoded. The zero value
// is that of no token: a dash for each claim.
type ClaimsView struct {
	Algorithm, Type, KeyID                   string // alg, typ, kid
	Issuer, Audience, Subject, SessionID, ID string // iss, aud, sub, sid, jti
	IssuedAt, Expiry                         time.Time
	Generation                               int64 // of the refresh token that came with it; 0: not known
}

// claim is one of them, ready to be shown.
type claim struct{ name, meaning, value string }

func (v ClaimsView) rows() []claim {
	return dashed([]claim{
		{"typ", "kind of token", v.Type},
		{"alg", "signature", v.Algorithm},
		{"kid", "signing key", v.KeyID},
		{"iss", "issuer", v.Issuer},
		{"aud", "meant for", v.Audience},
		{"sub", "user", v.Subject},
		{"sid", "session", v.SessionID},
		{"jti", "this token", v.ID},
		{"iat", "issued", second(v.IssuedAt)},
		{"exp", "expires", second(v.Expiry)},
		{"gen", "generation", v.generation()},
	})
}

func (v ClaimsView) generation() string {
	if v.Generation == 0 {
		return ""
	}
	return strconv.FormatInt(v.Generation, 10)
}

// dashed puts a dash where there is nothing to show.
func dashed(rows []claim) []claim {
	for i := range rows {
		if rows[i].value == "" {
			rows[i].value = none
		}
	}
	return rows
}
