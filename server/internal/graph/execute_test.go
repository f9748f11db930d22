package graph

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// A panic outside of any resolver is an answer like other failures of ours. No request is known that causes one: here
// the executor is missing.
func TestAPanicOutsideOfAResolver(t *testing.T) {
	var log bytes.Buffer
	a := &api{present: presenter{slog.New(slog.NewTextHandler(&log, nil))}}
	status, body := a.answer(t.Context(), params{Query: "{ __typename }"}, plainJSON)
	if want := `{"errors":[{"message":"Something went wrong on the server.","extensions":{"code":"INTERNAL_SERVER_ERROR"}}],"data":null}`; status != http.StatusInternalServerError || string(bytes.Join(body, nil)) != want {
		t.Errorf("%d %s, want 500 %s", status, body, want)
	}
	if !strings.Contains(log.String(), "execute.go") {
		t.Errorf("the log has no stack: %s", log.String())
	}
}
