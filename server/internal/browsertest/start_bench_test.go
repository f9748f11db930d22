package browsertest_test

import (
	"slices"
	"testing"
	"time"
)

// times are of one page's start, in ms since the person asked for it.
type times struct{ Paint, Ready float64 }

// noteReady makes every document of a tab note when the worker drives it.
const noteReady = `new MutationObserver(() => {
	if (document.documentElement?.dataset.client === "ready") window.readyAt ??= performance.now();
}).observe(document, {subtree: true, attributes: true, attributeFilter: ["data-client"]});`

// show opens a tab with the posts, and returns when they were there, and when the worker drove them.
func (v *visit) show(b *browser) times {
	v.t.Helper()
	tb := b.open(v.srv, "/posts", onNewDocument(noteReady))
	tb.ready()
	if got := tb.sessionState(); got != "active" {
		v.t.Fatalf("the page's session is %q: the browser was not logged in", got)
	}
	return times{Paint: tb.paint(), Ready: eval[float64](tb, `window.readyAt`)}
}

// tries is how often each start is measured: medians are what is told.
const tries = 5

// BenchmarkStart is how long it takes until a person sees a restricted page (paint: first contentful paint), and until
// the worker drives it (ready):
//
//   - cold: in a browser that was never here, but for the cookie of a session
//   - warm: in one that was started again
//   - second: in another tab beside that
//   - empty: in another tab too, a page with nothing in it, which is what the browser takes for itself
//
// over loopback, and over a slow line.
func BenchmarkStart(b *testing.B) {
	for _, l := range []struct {
		name string
		link *link
	}{
		{"loopback", nil},
		{"9Mbit,170ms", &link{rate: 9e6 / 8, delay: 85 * time.Millisecond}},
	} {
		b.Run(l.name, func(b *testing.B) {
			starts := map[string][]times{}
			for b.Loop() {
				v := newVisit(b, l.link, withEmpty)
				for range tries {
					profile := newProfile(b)
					first := startBrowser(b, profile)
					v.logIn(first)
					starts["cold"] = append(starts["cold"], v.show(first))
					first.quit()
					again := startBrowser(b, profile)
					v.logIn(again)
					starts["warm"] = append(starts["warm"], v.show(again))
					starts["second"] = append(starts["second"], v.show(again))
					starts["empty"] = append(starts["empty"], v.showEmpty(again))
					again.quit()
				}
			}
			onlyWhatIsReported(b)
			for name, all := range starts {
				b.ReportMetric(median(all, func(t times) float64 { return t.Paint }), name+"-paint-ms")
				if name != "empty" {
					b.ReportMetric(median(all, func(t times) float64 { return t.Ready }), name+"-ready-ms")
				}
			}
		})
	}
}

// onlyWhatIsReported leaves out what Go measures by itself: most of it is the browser's own start.
func onlyWhatIsReported(b *testing.B) {
	for _, unit := range []string{"ns/op", "B/op", "allocs/op"} {
		b.ReportMetric(0, unit)
	}
}

func median(all []times, of func(times) float64) float64 {
	var list []float64
	for _, t := range all {
		list = append(list, of(t))
	}
	slices.Sort(list)
	return list[len(list)/2]
}
