package graph_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/graph"
)

// Why a caller must wait is told to the record and not to the caller (contract §4: only UNAUTHENTICATED has a reason).
func TestBusyIsRateLimitedOnTheWire(t *testing.T) {
	w := httptest.NewRecorder()
	graph.Refuse(w, 429, &auth.Error{Code: auth.CodeRateLimited, Reason: auth.ReasonBusy, RetryAfter: time.Second, Message: "Wait."})
	if got, want := w.Body.String(), `{"errors":[{"message":"Wait.","extensions":{"code":"RATE_LIMITED","retryAfter":1}}],"data":null}`+"\n"; got != want {
		t.Errorf("the answer is %s, want %s", got, want)
	}
}
