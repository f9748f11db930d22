package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"

	"example.com/latchkey/server/internal/inflight"
)

// The limits of a body. What the API does not use is checked to be JSON and never built: extensions may hold a list of a
// million objects.
const (
	maxBody      = 1 << 20 // bytes
	maxVariables = 1000    // values, in objects and lists too
	maxVariable  = 16      // lists and objects in one another
	wholeAtOnce  = 16 << 10
)

// params is what a request's body asks for (GraphQL over HTTP, "Request Parameters").
type params struct {
	Query         string
	OperationName string
	Variables     map[string]any
}

var errVariables = errors.New("the variables hold too many values, or are nested too deep")

// parseParams reads a body. Numbers of the variables stay as they were written. It fails with errVariables where the
// variables are over a limit.
func parseParams(body []byte) (params, error) {
	var in struct {
		Query         string          `json:"query"`
		OperationName string          `json:"operationName"`
		Variables     json.RawMessage `json:"variables"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return params{}, err
	}
	p := params{Query: in.Query, OperationName: in.OperationName}
	if len(in.Variables) == 0 {
		return p, nil
	}
	if !fewValues(in.Variables) {
		return params{}, errVariables
	}
	d := json.NewDecoder(bytes.NewReader(in.Variables))
	d.UseNumber()
	return p, d.Decode(&p.Variables)
}

// fewValues reports whether a text, which is known to be JSON, is within maxVariables and maxVariable.
func fewValues(text []byte) bool {
	values, depth, quoted := 1, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++ // what follows does not end the string
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
			values++ // the first in it
		case c == '}', c == ']':
			depth--
		case c == ',':
			values++
		}
		if values > maxVariables || depth > maxVariable {
			return false
		}
	}
	return true
}

// readBody returns the body with 200, or the status that says why there is none.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	limited := http.MaxBytesReader(w, r.Body, maxBody)
	if r.ContentLength > maxBody {
		// It is read all the same, and not kept: a client that is cut off while it sends may not see the answer.
		_, _ = io.Copy(io.Discard, limited)
		return nil, http.StatusRequestEntityTooLarge
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		// Memory is taken for what has come, not for what is announced, unless that is little.
		body.Grow(int(min(r.ContentLength, wholeAtOnce)) + bytes.MinRead)
	}
	_, err := body.ReadFrom(limited)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, http.StatusRequestEntityTooLarge
	}
	switch {
	case errors.Is(err, inflight.ErrUsedUp):
		return nil, http.StatusTooManyRequests
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, http.StatusRequestTimeout
	case err != nil:
		return nil, http.StatusBadRequest
	}
	return body.Bytes(), http.StatusOK
}
