package ui

import (
	"strconv"
	"time"
)

// none stands where a value is not known yet.
const none = "–"

// machine is t as the datetime attribute wants it (HTML, "valid global date
// and time string"), to the second.
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// human is t as a person reads it, in UTC: the server cannot know the
// reader's zone, and both renderers must agree.
func human(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// count is n with its noun: "1 value", "2 values".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// second is t to the second, in UTC; "" for the zero time.
func second(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05 UTC")
}

// clock is the time of day of t, in UTC.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// length is a duration in its largest whole unit, rounded: "5 min", "30 s".
func length(d time.Duration) string {
	switch {
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d.Round(time.Hour)/time.Hour)) + " h"
	case d >= 2*time.Minute, d == time.Minute:
		return strconv.Itoa(int(d.Round(time.Minute)/time.Minute)) + " min"
	}
	return strconv.Itoa(int(d.Round(time.Second)/time.Second)) + " s"
}

// label is the name to show for u.
func (u User) label() string {
	if u.Name != "" {
		return u.Name
	}
	return u.Email
}
