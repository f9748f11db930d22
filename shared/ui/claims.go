package ui

import (
	"slices"
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

// session is what is shown of the session that the token is of.
func (v TokenView) session() []claim {
	return dashed([]claim{
		{meaning: "Session", value: v.Claims.SessionID},
		{meaning: "Generation of the refresh token", value: v.Claims.generation()},
		{meaning: "Access token issued", value: second(v.Claims.IssuedAt)},
		{meaning: "It expires", value: second(v.Claims.Expiry)},
		{meaning: "Refreshes by the worker", value: v.refreshes()},
	})
}

// DrawnAs reports whether Picture, Claims and FlowSession make the same of v as
// of other.
func (v TokenView) DrawnAs(other TokenView) bool {
	a, b := v.Picture, other.Picture
	return v.Running == other.Running && v.Refreshes == other.Refreshes && v.Claims == other.Claims &&
		a.Now.Equal(b.Now) && a.Span == b.Span && a.Next.Equal(b.Next) && a.Failing == b.Failing && a.Grace == b.Grace &&
		slices.Equal(a.Lives, b.Lives) && slices.EqualFunc(a.Faults, b.Faults, time.Time.Equal)
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

// second is t to the second, in UTC; "" for the zero time.
func second(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05 UTC")
}
