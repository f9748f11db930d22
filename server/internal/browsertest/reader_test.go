package browsertest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/servertest"
)

// spoken is a node of the tree that a screen reader reads.
type spoken struct {
	role, name, description string
	text                    string            // what stands in it
	props                   map[string]string // "focused", "level", "live" and so on
}

// tree returns the whole accessibility tree in its order, without what a screen reader skips. It is nil where the
// document went away under the question.
func (tb *tab) tree() []spoken {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, deadline)
	defer cancel()
	res, err := chromedp.Call(ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		if wentAway(err) {
			return nil
		}
		tb.t.Fatal(err)
	}
	byID := map[accessibility.NodeID]*accessibility.Node{}
	for _, n := range res.Nodes {
		byID[n.NodeID] = n
	}
	var all []spoken
	var walk func(n *accessibility.Node) (text string)
	walk = func(n *accessibility.Node) (text string) {
		s := spoken{role: axText(n.Role), name: axText(n.Name), description: axText(n.Description), props: map[string]string{}}
		if s.role == "StaticText" {
			return s.name
		}
		for _, p := range n.Properties {
			s.props[string(p.Name)] = axText(p.Value)
		}
		at := len(all)
		if !n.Ignored {
			all = append(all, s)
		}
		for _, id := range n.ChildIDs {
			if child := byID[id]; child != nil {
				text += walk(child)
			}
		}
		if !n.Ignored {
			all[at].text = text
		}
		return text
	}
	for _, n := range res.Nodes {
		if n.ParentID == "" {
			walk(n)
		}
	}
	return all
}

// axText is a value of the tree as text.
func axText(v *accessibility.Value) string {
	if v == nil || len(v.Value) == 0 {
		return ""
	}
	var value any
	if err := json.Unmarshal(v.Value, &value); err != nil {
		return string(v.Value)
	}
	return fmt.Sprint(value)
}

// searched is where the check of the storage tells how much it has searched.
var searched = regexp.MustCompile(`\d+ values? in .*`)

// outline is the page by what people jump to, and by what speaks up by itself.
func outline(all []spoken) []string {
	var lines []string
	for _, s := range all {
		switch s.role {
		case "banner", "main", "contentinfo":
			lines = append(lines, s.role)
		case "navigation", "region", "form":
			if s.name != "" || s.role != "form" { // a form without a name is no landmark
				lines = append(lines, s.role+" "+s.name)
			}
		case "article":
			lines = append(lines, "article "+s.name)
		case "heading":
			lines = append(lines, "h"+s.props["level"]+" "+s.name)
		case "status", "alert":
			lines = append(lines, strings.TrimSpace(s.role+" ("+s.props["live"]+") "+searched.ReplaceAllString(s.text, "")))
		}
	}
	return lines
}

// eventually asks for the tree, which follows the page within a moment, until ok.
func (tb *tab) eventually(ok func(all []spoken) bool) bool {
	tb.t.Helper()
	for end := time.Now().Add(deadline / 4); ; time.Sleep(20 * time.Millisecond) { // a poll: the condition is what counts
		if ok(tb.tree()) {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// reads checks the outline of the page: the lines are those of the notice and of main, the frame around them is every
// page's.
func (tb *tab) reads(inSession bool, notice string, main ...string) {
	tb.t.Helper()
	want := append([]string{"banner", "navigation Main", strings.TrimSpace("status (polite) " + notice), "main"}, main...)
	if inSession {
		// The check of the storage speaks up; the times beside it, which change each second, do not.
		want = append(want, "region Access token", "h2 Access token", "status (polite) No token found")
	}
	want = append(want, "contentinfo")
	var got []string
	if !tb.eventually(func(all []spoken) bool {
		got = outline(all)
		return slices.Equal(got, want)
	}) {
		tb.t.Errorf("the page reads otherwise (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// focused waits until what has the role and name, "" for any, is focused, and returns it.
func (tb *tab) focused(role, name string) (found spoken) {
	tb.t.Helper()
	var last []spoken
	if !tb.eventually(func(all []spoken) bool {
		last = slices.DeleteFunc(all, func(s spoken) bool { return s.props["focused"] != "true" || s.role == "RootWebArea" })
		i := slices.IndexFunc(last, func(s spoken) bool { return s.role == role && (name == "" || s.name == name) })
		if i >= 0 {
			found = last[i]
		}
		return i >= 0
	}) {
		tb.t.Errorf("%s %q has not the focus, but %v", role, name, last)
	}
	return found
}

// What a screen reader reads on each page, where the focus is after each step, and what speaks up by itself.
func TestPagesReadWell(t *testing.T) {
	t.Parallel()
	srv := servertest.Start(t, servertest.Options{})
	b := newBrowser(t)
	tb := b.open(srv, "/")
	tb.ready()
	tb.reads(false, "", "h1 Sessions that stay, tokens that don’t", "region How a session lives", "h2 How a session lives",
		"h3 Log in", "h3 Keep", "h3 Use", "h3 Refresh", "h3 End")
	tb.click("link", "Sign up")
	tb.focused("heading", "Create your account")
	tb.reads(false, "", "h1 Create your account", "form Create your account")
	tb.signUp()
	tb.focused("heading", "Your posts")
	tb.reads(true, "", "h1 Your posts", "form Write a post", "h2 Write a post")
	tb.publish("First", "Hello.")
	tb.focused("heading", "Your posts")
	tb.reads(true, "", "h1 Your posts", "form Write a post", "h2 Write a post", "article First", "h2 First")

	tb.fill("Title", " ")
	tb.fill("Body", "Hello.")
	tb.click("button", "Publish")
	title := tb.focused("textbox", "Title")
	if title.props["invalid"] != "true" || title.description == "" {
		t.Errorf("the field that is wrong says %q and invalid=%s", title.description, title.props["invalid"])
	}

	other := newBrowser(t).open(srv, "/login") // another device
	other.ready()
	other.logIn("not the password")
	other.focused("alert", "")
	other.reads(false, "", "h1 Log in", "form Log in", "alert (assertive) Email or password is incorrect.")
	other.logIn(personPassword)
	other.see("heading", "Your posts")

	tb.click("link", "Account")
	tb.focused("heading", "Your sessions")
	tb.click("button", "Revoke")
	tb.focused("heading", "Your sessions")
	tb.reads(true, "That session has ended.", "h1 Your sessions", "form Change password", "h2 Change password",
		"region Recent activity", "h2 Recent activity")
	eval[chromedp.Void](tb, `history.back()`)
	tb.focused("heading", "Your sessions")
	tb.reads(true, "", "h1 Your sessions", "form Change password", "h2 Change password",
		"region Recent activity", "h2 Recent activity")

	other.navigate("/posts")
	other.ready()
	other.reads(false, "You were logged out from another of your devices, or by those who run this site.", "h1 Log in", "form Log in")
}
