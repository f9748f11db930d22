package browsertest_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// memory returns how many MB all processes of the browser hold, what they share counted once (proportional set size),
// as soon as it rests, with at most 1 % more or less than a second ago.
func (b *browser) memory() float64 {
	b.t.Helper()
	b.rest()
	last := 0.0
	for end := time.Now().Add(deadline); ; time.Sleep(time.Second) {
		now := b.memoryNow()
		if d := now - last; d < now/100 && d > -now/100 {
			return now
		}
		if time.Now().After(end) {
			b.t.Fatalf("the browser's memory does not come to rest: %.0f MB, then %.0f MB", last, now)
		}
		last = now
	}
}

func (b *browser) memoryNow() float64 {
	b.t.Helper()
	var kB int
	for _, p := range b.processes() {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.ID))
		if os.IsNotExist(err) || err == nil && len(rollup) == 0 {
			continue // it has ended since
		} else if err != nil {
			b.t.Fatal(err)
		}
		for line := range bytes.Lines(rollup) {
			if pss, ok := strings.CutPrefix(string(line), "Pss:"); ok {
				n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(pss), " kB"))
				if err != nil {
					b.t.Fatal(err)
				}
				kB += n
			}
		}
	}
	return float64(kB) / 1000
}

// BenchmarkTabs tells how many MB 1, 5 and 10 tabs with the posts cost over as many blank ones, and how many of these the
// browser takes for tabs of the origin with nothing in them, without a script or a worker. The tabs are in one window, so
// that all but the last are hidden, and the browser drops what is drawn of them.
func BenchmarkTabs(b *testing.B) {
	counts := []int{1, 5, 10}
	held := func(br *browser, open func()) (all []float64) {
		defer br.quit() // two browsers at once would share memory
		had := 0
		for _, n := range counts {
			for ; had < n; had++ {
				open()
			}
			all = append(all, br.memory())
		}
		return all
	}
	for b.Loop() {
		br := newBrowser(b)
		blank := held(br, func() { br.blank(nil, inTheWindow) })
		v := newVisit(b, nil, withEmpty)
		br = newBrowser(b)
		v.logIn(br)
		empty := held(br, func() { v.showEmpty(br) })
		br = newBrowser(b)
		v.logIn(br)
		posts := held(br, func() { v.show(br) })
		for i, n := range counts {
			b.ReportMetric(posts[i]-blank[i], fmt.Sprintf("MB-of-%d", n))
			b.ReportMetric(empty[i]-blank[i], fmt.Sprintf("MB-of-%d-empty", n))
		}
	}
	onlyWhatIsReported(b)
}
