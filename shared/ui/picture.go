package ui

import (
	"strconv"
	"strings"
	"time"
)

// PictureView is the recent past and the near future of the access token on a
// time line: from two spans ago until one span from now. The zero value is an
// empty time line that takes as much room.
type PictureView struct {
	Now  time.Time
	Span time.Duration // the life of a token
	// Lives are the tokens of the last two spans, oldest first. The last is the
	// one in use.
	Lives []Life
	// Faults are the tries of a refresh that failed.
	Faults []time.Time
	// Next is when the next refresh is due, or the next try where Failing.
	Next    time.Time
	Failing bool
	// Grace is how long a replaced refresh token stays good, as far as the
	// client knows; 0: it does not.
	Grace time.Duration
}

// Life is one access token, from its arrival to its expiry.
type Life struct {
	// Number counts the tokens; of two in a row one is odd.
	Number      int
	From, Until time.Time
	// Rotated says that the refresh token was replaced with it, so that there
	// is a grace from then on.
	Rotated bool
}

const (
	past, future = 2, 1 // spans
	rowHeight    = 24   // px
	graceTop     = 2*rowHeight + 6
	pictureSize  = graceTop + 14
)

// empty reports whether there is nothing to draw.
func (v PictureView) empty() bool { return v.Span <= 0 || len(v.Lives) == 0 }

// at is where a moment stands, in percent of the width.
func (v PictureView) at(t time.Time) float64 {
	return 100 * float64(t.Sub(v.Now)+past*v.Span) / float64((past+future)*v.Span)
}

// bar is a stretch of the time line: x and width as SVG wants them. It is not
// ok where nothing of it can be seen.
type bar struct {
	x, width string
	ok       bool
}

func (v PictureView) bar(from, until time.Time) bar {
	a, b := max(0, v.at(from)), min(100, v.at(until))
	return bar{percent(a), percent(b - a), a < b}
}

func percent(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) + "%" }

// dot is where a mark stands; not ok outside of the picture.
func (v PictureView) dot(t time.Time) (x string, ok bool) {
	at := v.at(t)
	return percent(at), !t.IsZero() && at >= 0 && at <= 100
}

// used is until when the life of the index is the one in use: the next
// token's arrival, or now.
func (v PictureView) used(i int) time.Time {
	if i+1 < len(v.Lives) {
		return earlier(v.Lives[i+1].From, v.Lives[i].Until)
	}
	return earlier(v.Now, v.Lives[i].Until)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// row is the top of a token's row, in px: neighbours, whose lives overlap,
// stand on different ones.
func row(number int) int { return number % 2 * rowHeight }

// upcoming is the number of the token that, as of t, the next refresh brings.
func (v PictureView) upcoming(t time.Time) int {
	number := v.Lives[0].Number
	for _, l := range v.Lives {
		if !l.From.After(t) {
			number = l.Number + 1
		}
	}
	return number
}

func px(n int) string { return strconv.Itoa(n) }

// words say what the picture shows, for who does not see it. They name points
// in time, so that they stay true while time goes by.
func (v PictureView) words() string {
	if v.empty() {
		return "There is no token to show yet."
	}
	var b strings.Builder
	b.WriteString("From " + clock(v.Now.Add(-past*v.Span)) + " until " + clock(v.Now.Add(future*v.Span)) + " UTC.")
	for i, l := range v.Lives {
		b.WriteString(" A token came at " + clock(l.From))
		if l.Rotated && v.Grace > 0 {
			b.WriteString(", with a new refresh token; the old one stayed good for the grace, taken to be " + length(v.Grace))
		}
		if i+1 < len(v.Lives) {
			b.WriteString(".")
		} else {
			b.WriteString(" and expires at " + clock(l.Until) + ".")
		}
	}
	if n := len(v.Faults); n > 0 {
		b.WriteString(" Failed tries of a refresh: " + strconv.Itoa(n) + ", the last at " + clock(v.Faults[n-1]) + ".")
	}
	return b.String() + " " + v.caption()
}

// caption says what comes next.
func (v PictureView) caption() string {
	switch {
	case v.Failing:
		return "No answer. Trying again by itself."
	case v.empty():
		return none
	case v.Next.IsZero():
		return "Expires at " + clock(v.Lives[len(v.Lives)-1].Until) + " UTC."
	}
	return "Next refresh at " + clock(v.Next) + " UTC."
}

// ends are the labels of the time line's two ends.
func (v PictureView) ends() (left, right string) {
	if v.empty() {
		return "past", "future"
	}
	return "−" + length(past*v.Span), "+" + length(future*v.Span)
}
