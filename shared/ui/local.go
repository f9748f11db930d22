package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// Local returns path if it is a path of this origin, else "/". It keeps what
// a request or an API answer said from turning a link or a form elsewhere:
// other schemes ("javascript:"), other hosts ("//host"), and the spellings
// that browsers read as such ("/\host", "/<tab>/host"; WHATWG URL, "basic URL
// parser").
func Local(path string) templ.SafeURL {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return "/"
	}
	for i := 0; i < len(path); i++ {
		if c := path[i]; c < ' ' || c == 0x7f || c == '\\' {
			return "/"
		}
	}
	return templ.SafeURL(path)
}

// at reports whether path, without its query, is the page that href names.
func at(path, href string) bool {
	path, _, _ = strings.Cut(path, "?")
	return path == href
}
