package browsertest_test

import (
	"regexp"
	"slices"
	"testing"
	"time"
)

// family is a file of attempts in testdata/hostile, which are made at once in one page.
type family struct {
	name string  // lower case letters alone: it is in the marks
	file string  // where it is not called as the family
	host string  // the neighbour whose page the script is in; "": in a page of ours
	late bool    // the script comes after ours, which has the one policy of Trusted Types by then
	time float64 // ms that the attempts need where they do not succeed; 0: as long as where they do
}

// visits are the families that come one after the other to the same browsers, in groups that take about as long.
var visits = []struct {
	name     string
	families []family
}{
	{"documents", []family{
		{name: "elements"}, {name: "windows"}, {name: "realms"}, {name: "workers", time: 4000},
		{name: "texts"}, {name: "textslate", file: "texts", late: true}, {name: "types", late: true},
	}},
	{"messengers", []family{
		{name: "fetch"}, {name: "forms"}, {name: "prototypes", time: 2500}, {name: "storage"}, {name: "messages", time: 4000},
		{name: "neighbour", host: sibling}, {name: "stranger", file: "neighbour", host: stranger},
		{name: "cookies"}, // the last: its flood takes the session's cookie away
	}},
}

// outcome is what the page says of one attempt.
type outcome struct {
	Name      string   `json:"name"`
	NoControl string   `json:"noControl"` // why it cannot work in this browser at all
	Failed    string   `json:"failed"`
	Mark      string   `json:"mark"`
	Got       []string `json:"got"`
	Footholds []string `json:"footholds"`
	MS        float64  `json:"ms"`
}

// refreshToken is the form of every refresh token.
var refreshToken = regexp.MustCompile(`[0-9a-f-]{36}\.[\w-]{43}`)

// A script that was injected into a page of the origin comes by no access token and reaches the API by no way but the
// worker's intents (contract §6). Every attempt is made twice: against the server without its defences, where it has to
// succeed, and against the server as it is.
func TestHostilePage(t *testing.T) {
	t.Parallel()
	for _, visit := range visits {
		t.Run(visit.name, func(t *testing.T) {
			t.Parallel()
			control, defended := newWorld(t, false), newWorld(t, true)
			attempts, proven := 0, 0
			for _, f := range visit.families {
				t.Run(f.name, func(t *testing.T) {
					outcomes := control.run(t, f, 0)
					slowest, worked := control.prove(t, outcomes)
					attempts, proven = attempts+len(outcomes), proven+worked
					defended.withstand(t, defended.run(t, f, max(1000, f.time, 250+1.25*slowest)))
				})
			}
			for mark, what := range defended.watch.all() {
				t.Errorf("the server %s for %s", what, mark)
			}
			t.Logf("%d attempts, %d of them with a control", attempts, proven)
		})
	}
}

// withstand fails the test for every attempt that came by anything.
func (w *world) withstand(t *testing.T, outcomes []outcome) {
	t.Helper()
	for _, o := range outcomes {
		if breaches := w.breaches(o, 0); len(breaches) > 0 {
			t.Errorf("defended, %s: %s; it got %.300q", o.Name, breaches, o.Got)
		}
		t.Logf("defended, %s: %s %.200q", o.Name, o.Failed, o.Got)
	}
}

// prove fails the test for every attempt that does not do what its control says. It returns the ms that the slowest of
// the others took, and how many they are.
func (w *world) prove(t *testing.T, outcomes []outcome) (slowest float64, worked int) {
	t.Helper()
	for _, o := range outcomes {
		breaches := w.breaches(o, deadline/2)
		switch {
		case o.NoControl == "" && len(breaches) == 0:
			t.Errorf("%s: fails even where nothing is defended: %s; it got %.300q", o.Name, o.Failed, o.Got)
		case o.NoControl != "" && len(breaches) > 0:
			t.Errorf("undefended, %s: %s, it says, and yet: %s", o.Name, o.NoControl, breaches)
		case o.NoControl == "":
			worked++
			slowest = max(slowest, o.MS)
		}
		t.Logf("undefended, %s: %.0f ms, %s %s", o.Name, o.MS, breaches, o.Failed)
	}
	return slowest, worked
}

// breaches is the one oracle: what an attempt came by. Where the page cannot know, the server is given some time.
func (w *world) breaches(o outcome, patience time.Duration) []string {
	found := slices.Clone(o.Footholds)
	for _, text := range o.Got {
		switch {
		case jwt.MatchString(text) || len(search(map[string]string{"": text}, w.watch.accessTokens())) > 0:
			found = append(found, "an access token")
		case refreshToken.MatchString(text):
			found = append(found, "a refresh token")
		case granted.MatchString(text):
			found = append(found, "an answer of the API")
		}
	}
	for end := time.Now().Add(patience); len(found) == 0; time.Sleep(20 * time.Millisecond) {
		found = append(found, w.watch.did(o.Mark)...)
		if o.NoControl != "" || time.Now().After(end) {
			break
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
