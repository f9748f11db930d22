package browsertest_test

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// find returns the nodes of a role and an accessible name, as assistive technology sees them. It is not ok where the
// document went away under the question: ask again.
func (tb *tab) find(role, name string) (nodes []cdp.BackendNodeID, ok bool) {
	tb.t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, deadline)
	defer cancel()
	nodes, err := query(ctx, role, name)
	return nodes, err == nil
}

func query(ctx context.Context, role, name string) ([]cdp.BackendNodeID, error) {
	doc, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	if err != nil {
		return nil, err
	}
	res, err := chromedp.Call(ctx, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{
		ObjectID: doc.Result.ObjectID, AccessibleName: name, Role: role,
	})
	if err != nil {
		return nil, err
	}
	var ids []cdp.BackendNodeID
	for _, n := range res.Nodes {
		if n.Ignored {
			continue
		}
		ids = append(ids, n.BackendDOMNodeID)
	}
	return ids, nil
}

// has reports whether something of the role and name is there now.
func (tb *tab) has(role, name string) (found bool) {
	tb.t.Helper()
	tb.until(fmt.Sprintf("an answer whether there is a %s %q", role, name), func() bool {
		nodes, ok := tb.find(role, name)
		found = len(nodes) > 0
		return ok
	})
	return found
}

// see waits until something of the role and name is there, and returns the first.
func (tb *tab) see(role, name string) cdp.BackendNodeID {
	tb.t.Helper()
	var found []cdp.BackendNodeID
	tb.until(fmt.Sprintf("%s %q", role, name), func() bool {
		found, _ = tb.find(role, name)
		return len(found) > 0
	})
	return found[0]
}

// gone waits until nothing of the role and name is there.
func (tb *tab) gone(role, name string) {
	tb.t.Helper()
	tb.until(fmt.Sprintf("no %s %q", role, name), func() bool {
		nodes, ok := tb.find(role, name)
		return ok && len(nodes) == 0
	})
}

// click clicks in the middle of what has the role and name.
func (tb *tab) click(role, name string) {
	tb.t.Helper()
	var x, y float64
	tb.until("a place to click the "+role+" "+name, func() bool {
		node := tb.see(role, name)
		_, err := chromedp.Run(tb.ctx, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			if _, err := chromedp.Call(ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}); err != nil {
				return err
			}
			box, err := chromedp.Call(ctx, dom.GetBoxModel, dom.GetBoxModelParams{BackendNodeID: node})
			if err == nil && len(box.Model.Content) >= 8 {
				q := box.Model.Content
				x, y = (q[0]+q[4])/2, (q[1]+q[5])/2
			}
			return err
		}))
		// What was found may have been replaced by the time that it is looked at.
		return err == nil && x > 0
	})
	tb.do(chromedp.MouseClickXY(x, y))
}

// fill replaces what a field holds by typing.
func (tb *tab) fill(name, text string) {
	tb.t.Helper()
	node := tb.see("textbox", name)
	tb.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		obj, err := chromedp.Call(ctx, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: node})
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
			ObjectID: obj.Object.ObjectID, FunctionDeclaration: "function() { this.focus(); this.select(); }",
		})
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// Person is who uses the browser in the tests.
const (
	personEmail    = "ada@example.com"
	personPassword = "a long enough password"
)

// signUp creates the account by the form, and waits until the posts are there.
func (tb *tab) signUp() {
	tb.t.Helper()
	tb.signUpAs("Ada", personEmail)
	tb.see("heading", "Your posts")
}

// signUpAs creates somebody's account, and leaves it open where that leads.
func (tb *tab) signUpAs(name, email string) {
	tb.t.Helper()
	tb.see("heading", "Create your account")
	tb.fill("Name", name)
	tb.fill("Email", email)
	tb.fill("Password", personPassword)
	tb.click("button", "Create account")
}

// logIn fills in the login form, wherever it stands, and sends it.
func (tb *tab) logIn(password string) {
	tb.t.Helper()
	tb.see("heading", "Log in")
	tb.fill("Email", personEmail)
	tb.fill("Password", password)
	tb.click("button", "Log in")
}

// publish writes a post and waits until it is listed.
func (tb *tab) publish(title, body string) {
	tb.t.Helper()
	tb.fill("Title", title)
	tb.fill("Body", body)
	tb.click("button", "Publish")
	tb.see("heading", title)
}
