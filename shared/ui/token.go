package ui

import (
	"slices"
	"strconv"
	"time"
)

// What the region shows is a dash, or nothing, as long as the client does not
// run, whatever the fields hold.

func (v TokenView) expiry() string    { return v.shown(v.Expiry) }
func (v TokenView) next() string      { return v.shown(v.Next) }
func (v TokenView) refreshes() string { return v.shown(strconv.Itoa(v.Refreshes)) }

func (v TokenView) picture() PictureView {
	if !v.Running {
		return PictureView{}
	}
	return v.Picture
}

func (v TokenView) claims() ClaimsView {
	if !v.Running {
		return ClaimsView{}
	}
	return v.Claims
}

func (v TokenView) check() *CheckView {
	if !v.Running {
		return nil
	}
	return v.Check
}

// shown is s, or a dash where there is nothing to show.
func (v TokenView) shown(s string) string {
	if !v.Running || s == "" {
		return none
	}
	return s
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
