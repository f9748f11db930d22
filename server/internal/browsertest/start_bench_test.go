package browsertest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/systeminfo"
	"github.com/chromedp/chromedp"
)

// times are of one page's start, in ms since the person asked for it.
type times struct{ Paint, Ready float64 }

// show opens a tab with the posts, and returns when they were there, and when the worker drove them.
func (v *visit) show(b *browser) times {
	v.t.Helper()
	tb := v.arrive(b, "/posts")
	tb.ready()
	if got := tb.sessionState(); got != "active" {
		v.t.Fatalf("the page's session is %q: the browser was not logged in", got)
	}
	return times{Paint: tb.paint(), Ready: eval[float64](tb, `performance.getEntriesByName("latchkey-ready")[0].startTime`)}
}

// inTheWindow has a tab open in the window that is there, in front of the other tabs, which it hides.
var inTheWindow = chromedp.WithNewWindow(false)

// arrive opens a tab and, once the browser has nothing left to do for that, loads a path in it: a person's tab was there
// before an address was typed. The debugger is deaf until the browser is at rest again: what it is told of a page makes the
// page's start a quarter longer.
func (v *visit) arrive(b *browser, path string) *tab {
	v.t.Helper()
	tb := b.blank(v.srv, inTheWindow)
	for _, deafen := range []cdp.Command[cdp.Empty, cdp.Empty]{css.Disable, dom.Disable, network.Disable, cdplog.Disable, runtime.Disable, page.Disable} {
		tb.do(command(deafen, cdp.Empty{}))
	}
	b.rest()
	tb.do(command(page.Navigate, page.NavigateParams{URL: v.srv.URL + path}))
	b.rest()
	return tb
}

// rest waits until the browser's processes take less than a tenth of a processor together.
func (b *browser) rest() {
	b.t.Helper()
	const pause = 200 * time.Millisecond
	last := b.spent()
	for end := time.Now().Add(deadline); ; {
		time.Sleep(pause) // what is waited for is that little happens meanwhile
		now := b.spent()
		if now-last < pause/10 {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("the browser does not come to rest: it took %v of a processor in %v", now-last, pause)
		}
		last = now
	}
}

// spent is the processor time of all the browser's processes.
func (b *browser) spent() (sum time.Duration) {
	b.t.Helper()
	for _, p := range b.processes() {
		sum += time.Duration(p.CPUTime * float64(time.Second))
	}
	return sum
}

func (b *browser) processes() []*systeminfo.ProcessInfo {
	b.t.Helper()
	all, err := chromedp.CallBrowser(b.ctx, systeminfo.GetProcessInfo, cdp.Empty{})
	if err != nil {
		b.t.Fatal(err)
	}
	return all.ProcessInfo
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
