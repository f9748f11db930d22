package session

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/hasura/go-graphql-client"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 16 << 20

var errNotAnAnswer = errors.New("not the whole of a GraphQL answer")

// answers stands between the GraphQL client and the network, and lets nothing pass but a whole GraphQL answer with
// status 200. Instead of anything else it returns an error with a type: an *Error for what the server said, a fault
// for what it did not get to say, the context's for a caller that gave up. The GraphQL client would put the body of
// an error page into the text of its errors, and take half an answer for a wrong one.
type answers struct {
	base http.RoundTripper
}

func (a answers) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	resp, err := a.base.RoundTrip(req)
	if err != nil {
		return nil, noAnswer(ctx, err)
	}
	body, err := readBody(ctx, resp.Body)
	if err != nil {
		return nil, noAnswer(ctx, err)
	}
	var answer struct {
		Data   json.RawMessage
		Errors graphql.Errors
	}
	err = json.Unmarshal(body, &answer)
	if resp.StatusCode != http.StatusOK {
		return nil, said(resp, answer.Errors)
	}
	if err != nil || (len(answer.Errors) == 0 && (len(answer.Data) == 0 || string(answer.Data) == "null")) {
		return nil, &fault{errNotAnAnswer}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	return resp, nil
}

// readBody reads and closes body. It gives up with ctx, which in a browser does not reach a body by itself.
func readBody(ctx context.Context, body io.ReadCloser) ([]byte, error) {
	defer body.Close()
	defer context.AfterFunc(ctx, func() { _ = body.Close() })()
	b, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err() // what came after giving up is thrown away (rule W3)
	case err != nil:
		return nil, err
	case len(b) > maxAnswer:
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	return b, nil
}

// noAnswer gives the reason why there is no answer its type. What the Transport below says of the session itself
// passes as it is.
func noAnswer(ctx context.Context, err error) error {
	var e *Error
	switch {
	case errors.As(err, &e), errors.Is(err, ErrClosed), errors.Is(err, ErrForgotten):
		return err
	case ctx.Err() != nil:
		if errors.Is(err, ctx.Err()) {
			return err
		}
		return ctx.Err()
	}
	return &fault{err}
}
