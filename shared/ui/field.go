package ui

import (
	"strconv"
	"strings"
)

// MinPassword is the shortest password that the forms let through, in
// characters. The server decides; this only saves a round trip.
const MinPassword = 8

// maxTitle is the longest title of a post, in characters.
const maxTitle = 200

// alertID is the id of the sentence about a whole form. A page has one such
// form, and one alert.
const alertID = "form-error"

// fieldView is one labelled input of a form.
type fieldView struct {
	name           string // as the form sends it, and the id: a page has one form with fields
	label          string
	kind           string // the input's type; "textarea" for more than a line
	value          string
	complete       string // the autocomplete attribute
	hint           string // "" for none
	err            string // what is wrong with it; "" for nothing
	optional       bool
	minLen, maxLen int    // 0 for no limit
	describedBy    string // the id of one more description; "" for none
	focus          bool
}

func (f fieldView) hintID() string  { return f.name + "-hint" }
func (f fieldView) errorID() string { return f.name + "-error" }

// descriptions returns the ids of what describes the field. What is wrong with
// it takes the place of the hint, which mostly says the same.
func (f fieldView) descriptions() string {
	var ids []string
	switch {
	case f.err != "":
		ids = append(ids, f.errorID())
	case f.hint != "":
		ids = append(ids, f.hintID())
	}
	if f.describedBy != "" {
		ids = append(ids, f.describedBy)
	}
	return strings.Join(ids, " ")
}

// with adds to each field what e says of it, and the focus to the first that
// is wrong.
func (e FormError) with(fields ...fieldView) []fieldView {
	focused := false
	for i := range fields {
		fields[i].err = e.Fields[fields[i].name]
		fields[i].focus = fields[i].err != "" && !focused
		focused = focused || fields[i].focus
	}
	return fields
}

func (v LoginView) fields() []fieldView {
	fields := v.Error.with(
		fieldView{name: "email", label: "Email", kind: "email", value: v.Email, complete: "email"},
		fieldView{name: "password", label: "Password", kind: "password", complete: "current-password"},
	)
	if v.Error.Alert != "" && len(v.Error.Fields) == 0 {
		// Wrong credentials are said of the pair; the password is what the
		// reader most likely types again.
		fields[1].describedBy = alertID
		fields[1].focus = true
	}
	return fields
}

func (v SignupView) fields() []fieldView {
	return v.Error.with(
		fieldView{name: "name", label: "Name", kind: "text", value: v.Name, complete: "name", optional: true, hint: "Optional. Shown to you at the top of every page."},
		fieldView{name: "email", label: "Email", kind: "email", value: v.Email, complete: "email"},
		fieldView{name: "password", label: "Password", kind: "password", complete: "new-password", minLen: MinPassword, hint: passwordHint()},
	)
}

func (v PostsView) fields() []fieldView {
	return v.Error.with(
		fieldView{name: "title", label: "Title", kind: "text", value: v.Title, complete: "off", maxLen: maxTitle},
		fieldView{name: "body", label: "Body", kind: "textarea", value: v.Body},
	)
}

func (v AccountView) fields() []fieldView {
	return v.Error.with(
		fieldView{name: "current", label: "Current password", kind: "password", complete: "current-password"},
		fieldView{name: "new", label: "New password", kind: "password", complete: "new-password", minLen: MinPassword, hint: passwordHint()},
	)
}

func passwordHint() string {
	return "At least " + strconv.Itoa(MinPassword) + " characters. A few random words make a good one."
}

// nth makes an id from a prefix and a position: unlike an id of the API's, it
// is always a valid one.
func nth(prefix string, i int) string { return prefix + "-" + strconv.Itoa(i+1) }
