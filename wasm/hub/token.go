package hub

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// The elements that are patched in place: of the region "Access token", and of the page that tells how it works.
const (
	expiryID    = "token-expiry"
	nextID      = "token-next"
	refreshesID = "token-refreshes"
	checkID     = "token-check"
	pictureID   = "token-picture"
	claimsID    = "token-claims"

	flowSessionID = "flow-session"
	flowClaimsID  = "flow-claims"
	flowPictureID = "flow-picture"
)

// tokenView says of the access token all that a page may know: how long it lives and what it says, never what it is.
func (h *Hub) tokenView(now time.Time) ui.TokenView {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.session.State()
	if s.Phase != session.Active {
		return ui.TokenView{}
	}
	return ui.TokenView{
		Running: true, Expiry: clock(s.Expiry.Sub(now)), Next: clock(s.NextRefresh.Sub(now)), Refreshes: s.Refreshes,
		Claims: ui.ClaimsView(s.Claims), Picture: h.past.picture(s, h.session.MinAge(), now), Ended: h.past.ended,
	}
}

// clock writes a duration as minutes and seconds, rounded up, so that it reaches 0:00 when there is nothing left.
func clock(d time.Duration) string {
	seconds := int((max(d, 0) + time.Second - 1) / time.Second)
	if seconds >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

// counts is what stands in the elements that change with every second.
func counts(v ui.TokenView) map[string]string {
	return map[string]string{expiryID: v.Expiry, nextID: v.Next, refreshesID: strconv.Itoa(v.Refreshes)}
}

// drawings is what stands in the elements of the page at path that change from time to time.
func drawings(path string, v ui.TokenView) map[string]string {
	list := map[string]string{}
	add := func(id string, c templ.Component) {
		var html strings.Builder
		if c.Render(context.Background(), &html) == nil { // a component of ours does not fail to write to memory
			list[id] = html.String()
		}
	}
	add(pictureID, ui.Picture(pictureID, v.Picture))
	add(claimsID, ui.Claims(v.Claims))
	if screen.IsHow(path) {
		add(flowPictureID, ui.Picture(flowPictureID, v.Picture))
		add(flowClaimsID, ui.Claims(v.Claims))
		add(flowSessionID, ui.FlowSession(v))
	}
	return list
}

// holds notes what the whole page was rendered with: patches go on from there.
func (p *Page) holds(v ui.TokenView) {
	p.drawn, p.patched = v, counts(v)
	maps.Copy(p.patched, drawings(p.path, v))
}

// count patches what has changed since the page was last told, if anybody can see it.
func (p *Page) count() {
	if p.hidden || p.shown.session != "active" {
		return
	}
	v := p.hub.tokenView(time.Now())
	if !v.Running {
		return
	}
	list := counts(v)
	if !p.drawn.DrawnAs(v) { // drawing costs more than counting
		p.drawn = v
		maps.Copy(list, drawings(p.path, v))
	}
	for id, html := range list {
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
