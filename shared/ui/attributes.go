package ui

import (
	"strconv"

	"github.com/a-h/templ"
)

// attributes are those that an input and a text area share. They are ordered,
// so that the same view always gives the same HTML.
func attributes(f fieldView) templ.OrderedAttributes {
	a := templ.OrderedAttributes{
		{Key: "id", Value: f.name},
		{Key: "name", Value: f.name},
	}
	add := func(key string, value any, when bool) {
		if when {
			a = append(a, templ.KeyValue[string, any]{Key: key, Value: value})
		}
	}
	add("autocomplete", f.complete, f.complete != "")
	add("required", true, !f.optional)
	add("minlength", strconv.Itoa(f.minLen), f.minLen > 0)
	add("maxlength", strconv.Itoa(f.maxLen), f.maxLen > 0)
	add("aria-invalid", "true", f.err != "")
	add("aria-describedby", f.descriptions(), f.descriptions() != "")
	add("autofocus", true, f.focus)
	return a
}
