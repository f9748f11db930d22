package hub

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// The elements of the region "Access token" that are patched in place.
const (
	expiryID    = "token-expiry"
	nextID      = "token-next"
	refreshesID = "token-refreshes"
	checkID     = "token-check"
)

// tokenView says of the access token all that a page may know: how long it lives, never what it is.
func tokenView(s session.State, now time.Time) ui.TokenView {
	if s.Phase != session.Active {
		return ui.TokenView{}
	}
	return ui.TokenView{Running: true, Expiry: clock(s.Expiry.Sub(now)), Next: clock(s.NextRefresh.Sub(now)), Refreshes: s.Refreshes}
}

// clock writes a duration as minutes and seconds, rounded up, so that it reaches 0:00 when there is nothing left.
func clock(d time.Duration) string {
	seconds := int((max(d, 0) + time.Second - 1) / time.Second)
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

func patches(v ui.TokenView) map[string]string {
	return map[string]string{expiryID: v.Expiry, nextID: v.Next, refreshesID: strconv.Itoa(v.Refreshes)}
}

// count patches what has changed since the page was last told.
func (p *Page) count() {
	if p.shown.session != "active" {
		return
	}
	v := tokenView(p.hub.session.State(), time.Now())
	if !v.Running {
		return
	}
	for id, html := range patches(v) {
		if p.patched[id] != html {
			p.patched[id] = html
			p.post(Patch{ID: id, HTML: html})
		}
	}
}

func (p *Page) patchCheck() {
	if p.shown.session != "active" {
		return
	}
	var html bytes.Buffer
	if err := ui.Check(p.check).Render(p.ctx, &html); err != nil {
		return // a component of ours failed to write to memory: what stood there stands
	}
	p.post(Patch{ID: checkID, HTML: html.String()})
}
