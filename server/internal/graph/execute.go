package graph

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"example.com/latchkey/server/internal/graph/answer"
	"example.com/latchkey/server/internal/inflight"
)

// The media types of an answer (GraphQL over HTTP, "Media Types").
const (
	plainJSON    = "application/json"
	responseJSON = "application/graphql-response+json"
)

// mediaType returns the first media type of an Accept header that an answer has.
func mediaType(accept string) string {
	if accept == "" {
		return plainJSON
	}
	for part := range strings.SplitSeq(accept, ",") {
		switch mt, _, err := mime.ParseMediaType(strings.TrimSpace(part)); {
		case err != nil:
		case mt == plainJSON, mt == "*/*", mt == "application/*":
			return plainJSON
		case mt == responseJSON:
			return responseJSON
		}
	}
	return responseJSON
}

// execute answers a request that has been read. ctx carries c, its caller.
func (a *api) execute(ctx context.Context, w http.ResponseWriter, r *http.Request, p params, c *caller) {
	mt := mediaType(r.Header.Get("Accept"))
	status, body := a.answer(answer.NewContext(ctx, answer.New(inflight.FromContext(ctx))), p, mt)
	h := w.Header()
	switch {
	case c.unavailable.Load():
		status = unavailable(h)
	case status == http.StatusTooManyRequests:
		h.Set("Retry-After", "1") // seconds
	}
	length := 0
	for _, part := range body {
		length += len(part)
	}
	h.Set("Content-Type", mt)
	h.Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(status)
	for _, part := range body {
		if _, err := w.Write(part); err != nil {
			return // it is the connection's
		}
	}
}

// answer runs the operation, and returns the answer's status and body.
func (a *api) answer(ctx context.Context, p params, mt string) (status int, body [][]byte) {
	defer func() {
		if v := recover(); v != nil { // of a resolver gqlgen recovers itself
			status = http.StatusInternalServerError
			body = encode(&graphql.Response{Errors: gqlerror.List{a.present.error(ctx, a.present.panicked(ctx, v))}})
		}
	}()
	op, errs := a.operations.prepare(ctx, p)
	if errs != nil {
		status = http.StatusOK
		if errcode.GetErrorKind(errs) == errcode.KindProtocol {
			status = http.StatusUnprocessableEntity
			if mt == responseJSON {
				status = http.StatusBadRequest
			}
		}
		return status, encode(a.exec.DispatchError(ctx, errs))
	}
	next, ctx := a.exec.DispatchOperation(ctx, op)
	response := next(ctx)
	if response == nil {
		return http.StatusOK, encode(&graphql.Response{}) // the caller has gone
	}
	if err := answer.FromContext(ctx).Finish(len(response.Data)); err != nil {
		status = http.StatusUnprocessableEntity
		if errors.Is(err, inflight.ErrUsedUp) {
			status = http.StatusTooManyRequests
		}
		return status, encode(&graphql.Response{Errors: gqlerror.List{a.present.error(ctx, err)}})
	}
	return http.StatusOK, encode(response)
}

// encode returns a response as JSON, in parts: the data is as large as the answer, and is not copied.
func encode(r *graphql.Response) [][]byte {
	data := []byte(r.Data)
	if data == nil {
		data = []byte("null")
	}
	if len(r.Errors) == 0 {
		return [][]byte{[]byte(`{"data":`), data, []byte("}")}
	}
	errs, err := json.Marshal(r.Errors)
	if err != nil {
		panic(err) // it holds nothing but texts, numbers, lists and maps
	}
	return [][]byte{[]byte(`{"errors":`), errs, []byte(`,"data":`), data, []byte("}")}
}
