package page

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"

	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/shared/screen"
)

// The limits of a form and of a page's address. Each field is an entry of a map, so text of nothing but fields takes forty
// times its size, up to the library's own limit of 10,000 fields.
const (
	maxForm   = 1 << 20 // bytes
	maxFields = 32      // no form or address of ours has ten
)

var errFields = errors.New("the form has too many fields")

// readIntent reads the intent of a form with 200, or returns a sentence for the visitor on what is wrong with it, and the
// status of an answer with that.
func readIntent(w http.ResponseWriter, r *http.Request) (intent screen.Intent, wrong string, status int) {
	form, err := readForm(w, r)
	switch {
	case errors.Is(err, inflight.ErrUsedUp):
		return intent, inflight.Refusal, http.StatusTooManyRequests
	case errors.Is(err, os.ErrDeadlineExceeded):
		return intent, "The form came too slowly.", http.StatusRequestTimeout
	case err != nil:
		return intent, "The form could not be read: it must be complete, at most 1 MiB, and of few fields.", http.StatusBadRequest
	}
	// A field is a part of the whole body. Its copy lets go of that: a login waits for its turn.
	field := func(name string) string { return strings.Clone(form.Get(name)) }
	intent, err = screen.ParseIntent(field("intent"), field)
	if err != nil {
		return intent, "The form says nothing that can be done here: go back and reload the page.", http.StatusBadRequest
	}
	return intent, "", http.StatusOK
}

// readForm reads a body as http.Request.ParseForm does, within the limits. A body of another type, as of a file's upload,
// is no form, and is not read. Nor are the fields of the URL.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mt != "application/x-www-form-urlencoded" {
		return nil, nil
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxForm)); err != nil {
		return nil, err
	}
	if bytes.Count(body.Bytes(), []byte("&")) >= maxFields {
		return nil, errFields
	}
	return url.ParseQuery(body.String())
}
