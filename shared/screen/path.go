package screen

import (
	"errors"
	"net/url"
	"strings"
)

const maxPath = 8192 // bytes: more than any of our links has, and than most servers take

var errForeign = errors.New("not the path of a page")

// parse reads the path of a page, maybe with a query. What browsers take for another origin's address is refused:
// two slashes, and what they read as such ("/\\host", "/<tab>/host"; WHATWG URL, "basic URL parser").
func parse(path string) (*url.URL, error) {
	control := func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }
	if len(path) > maxPath || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, control) {
		return nil, errForeign
	}
	return url.ParseRequestURI(path)
}

// IsHow reports whether the path, maybe with a query, is that of the page that tells how it works.
func IsHow(path string) bool {
	u, err := parse(path)
	return err == nil && u.Path == HowPath
}

// afterLogin is where a login on the page at path leads: to the page itself, which was asked for.
func afterLogin(path string) string {
	if u, err := parse(path); err != nil || u.Path == LoginPath || u.Path == SignUpPath {
		return PostsPath
	}
	return withoutNotice(path)
}

// notices are the sentences that a page can be asked to open with, by the query's "done".
var notices = map[string]string{
	"password": "Your password is changed. Every other session of yours has ended.",
	"revoked":  "That session has ended.",
}

// notice is the sentence that path asks for. Only the account page has any: on others it would be a way for links to
// put words into our mouth.
func notice(path string) string {
	u, err := parse(path)
	if err != nil || u.Path != AccountPath {
		return ""
	}
	return notices[u.Query().Get("done")]
}

// withoutNotice is path without what it says of an intent that is done.
func withoutNotice(path string) string {
	u, err := parse(path)
	if err != nil {
		return HomePath
	}
	q := u.Query()
	if !q.Has("done") {
		return path
	}
	q.Del("done")
	u.RawQuery = q.Encode()
	return u.RequestURI()
}
