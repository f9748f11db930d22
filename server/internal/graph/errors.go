package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"example.com/latchkey/server/internal/auth"
	"example.com/latchkey/server/internal/blog"
	"example.com/latchkey/server/internal/graph/answer"
	"example.com/latchkey/server/internal/inflight"
)

// wireError is a GraphQL error as it stands in an answer.
type wireError struct {
	Message    string         `json:"message"`
	Extensions map[string]any `json:"extensions"`
}

func badRequest(message string) wireError {
	return wireError{message, map[string]any{"code": string(auth.CodeBadUserInput)}}
}

// internal is all that the outside learns of a failure of our own: the log has the rest, under the request's id.
func internal() wireError {
	return wireError{"Something went wrong on the server.", map[string]any{"code": string(auth.CodeInternal)}}
}

// presenter turns errors into what the outside may see of them: the one table from kinds to codes.
type presenter struct{ log *slog.Logger }

func (p presenter) wire(ctx context.Context, err error) wireError {
	var (
		authErr *auth.Error
		blogErr *blog.Error
	)
	noteRefused(ctx, err)
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		callerOf(ctx).unavailable.Store(true)
		return p.failed(ctx, err)
	case errors.As(err, &authErr):
		if authErr.Code == auth.CodeInternal {
			return p.failed(ctx, err)
		}
		return wireError{authErr.Message, authExtensions(authErr)}
	case errors.As(err, &blogErr) && blogErr.NotFound:
		return wireError{blogErr.Message, map[string]any{"code": string(auth.CodeNotFound)}}
	case errors.As(err, &blogErr) && blogErr.Full:
		return wireError{blogErr.Message, map[string]any{"code": string(auth.CodeForbidden)}}
	case errors.As(err, &blogErr):
		return wireError{blogErr.Message, map[string]any{"code": string(auth.CodeBadUserInput), "field": blogErr.Field}}
	case errors.Is(err, answer.ErrTooLarge):
		return badRequest("The answer is too large: ask for less at a time.")
	case errors.Is(err, inflight.ErrUsedUp):
		return wireError{inflight.Refusal, authExtensions(&auth.Error{Code: auth.CodeRateLimited, RetryAfter: time.Second})}
	case errors.Is(err, context.Canceled):
		return internal() // the caller is gone: nothing to log, and nobody to read this
	default:
		return p.failed(ctx, err)
	}
}

// failed logs a failure of our own, with the cause that auth hides from the outside, and returns what the outside sees.
func (p presenter) failed(ctx context.Context, err error) wireError {
	if e := (*auth.Error)(nil); errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	p.log.ErrorContext(ctx, "request failed", "error", err)
	return internal()
}

func authExtensions(e *auth.Error) map[string]any {
	ext := map[string]any{"code": string(e.Code)}
	if e.Reason != "" && e.Code == auth.CodeUnauthenticated {
		ext["reason"] = string(e.Reason)
	}
	if e.Field != "" {
		ext["field"] = e.Field
	}
	if e.RetryAfter > 0 {
		ext["retryAfter"] = int(math.Ceil(float64(e.RetryAfter) / float64(time.Second)))
	}
	return ext
}

// error is gqlgen's error presenter. What gqlgen itself found (syntax, validation, limits, variables) keeps its
// text and has BAD_USER_INPUT as its code: gqlgen's own codes are none of the contract's.
func (p presenter) error(ctx context.Context, err error) *gqlerror.Error {
	shown := graphql.DefaultErrorPresenter(ctx, err)
	if ours := shown.Unwrap(); ours != nil && shown.Extensions == nil {
		wire := p.wire(ctx, ours)
		return &gqlerror.Error{Message: wire.Message, Path: shown.Path, Extensions: wire.Extensions}
	}
	if shown.Extensions == nil {
		shown.Extensions = map[string]any{}
	}
	shown.Extensions["code"] = string(auth.CodeBadUserInput)
	if len(shown.Message) > maxMessage {
		shown.Message = strings.ToValidUTF8(shown.Message[:maxMessage], "") + "…"
	}
	return shown
}

// panicked is gqlgen's recover function: a panic of a resolver is an error of ours with its stack in the log.
func (p presenter) panicked(_ context.Context, v any) error {
	return fmt.Errorf("panic: %v\n%s", v, debug.Stack())
}
