package blog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Limits of a post and of a page of posts.
const (
	MaxTitle = 200   // characters, after trimming
	MaxBody  = 20000 // bytes
	MaxFirst = 100   // posts
)

// Post is a text of a user.
type Post struct {
	ID        string // UUIDv7, so that a later post has a greater id
	UserID    string
	Title     string
	Body      string
	CreatedAt time.Time
}

// Store keeps posts.
type Store interface {
	// Posts returns at most first posts of the user, newest first, from behind the post with the id after; "" starts
	// at the newest. The post after need not exist any more.
	Posts(ctx context.Context, userID string, first int, after string) ([]Post, error)
	// CreatePost keeps a new post, durably. Where the user has most posts already it fails with ErrFull; 0: there is
	// no such limit.
	CreatePost(ctx context.Context, p Post, most int) error
	// DeletePost deletes the post if it is the user's, and says whether it did.
	DeletePost(ctx context.Context, userID, id string) (bool, error)
}

// ErrFull is what a Store answers with where a user has as many posts as a user may have.
var ErrFull = errors.New("too many posts")

// Limit bounds how often a user publishes.
type Limit interface {
	// Take counts one more post of the user. Where the limit is reached it fails with an error for the user, which Create
	// passes on.
	Take(ctx context.Context, userID string) error
}

// Limits bound what a user publishes. The zero value means no limits.
type Limits struct {
	Rate Limit // nil: there is none
	Most int   // posts that a user may have; 0: any number
}

// Error is a mistake of the caller. Its text is safe to show.
type Error struct {
	NotFound bool   // there is no such post of this user
	Full     bool   // the user has as many posts as a user may have
	Field    string // otherwise: the argument that is wrong, by its name in the schema
	Message  string
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Service is the posts of all users. Its methods may be called from many goroutines.
type Service struct {
	store  Store
	limits Limits
}

// New returns a Service that keeps its posts in store, within the limits.
func New(store Store, limits Limits) *Service { return &Service{store, limits} }

// Posts returns a page of the user's posts, newest first: first of them (1 to MaxFirst), from behind the post with
// the id after ("": from the newest). It fails with *Error where an argument is wrong.
func (s *Service) Posts(ctx context.Context, userID string, first int, after string) ([]Post, error) {
	if first < 1 || first > MaxFirst {
		return nil, &Error{Field: "first", Message: fmt.Sprintf("Ask for 1 to %d posts at a time.", MaxFirst)}
	}
	if after != "" && !isID(after) {
		return nil, &Error{Field: "after", Message: "This is not the id of a post."}
	}
	posts, err := s.store.Posts(ctx, userID, first, after)
	if err != nil {
		return nil, fmt.Errorf("list posts: %w", err)
	}
	return posts, nil
}

// Create publishes a post of the user. The title is trimmed. It fails with *Error where title or body is empty or too
// long, or the user has too many posts, and with the error of Limits.Rate where that is reached.
func (s *Service) Create(ctx context.Context, userID, title, body string) (Post, error) {
	title = strings.TrimSpace(title)
	switch n := utf8.RuneCountInString(title); {
	case n < 1:
		return Post{}, &Error{Field: "title", Message: "A post needs a title."}
	case n > MaxTitle:
		return Post{}, &Error{Field: "title", Message: fmt.Sprintf("A title has at most %d characters.", MaxTitle)}
	case !isText(title):
		return Post{}, &Error{Field: "title", Message: "The title holds characters that are not text."}
	}
	switch {
	case strings.TrimSpace(body) == "":
		return Post{}, &Error{Field: "body", Message: "A post needs a body."}
	case len(body) > MaxBody:
		return Post{}, &Error{Field: "body", Message: fmt.Sprintf("A body has at most %d bytes.", MaxBody)}
	case !isText(body):
		return Post{}, &Error{Field: "body", Message: "The body holds characters that are not text."}
	}
	if s.limits.Rate != nil {
		if err := s.limits.Rate.Take(ctx, userID); err != nil {
			return Post{}, err
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Post{}, fmt.Errorf("make a post's id: %w", err)
	}
	p := Post{ID: id.String(), UserID: userID, Title: title, Body: body,
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond)}
	err = s.store.CreatePost(ctx, p, s.limits.Most)
	if errors.Is(err, ErrFull) {
		return Post{}, &Error{Full: true, Message: fmt.Sprintf("You have %d posts, and an account can keep no more. Delete one, then publish.", s.limits.Most)}
	}
	if err != nil {
		return Post{}, fmt.Errorf("keep a post: %w", err)
	}
	return p, nil
}

// Delete deletes a post of the user. It fails with an *Error that says NotFound where the user has no such post.
func (s *Service) Delete(ctx context.Context, userID, id string) error {
	deleted := false
	if isID(id) {
		var err error
		if deleted, err = s.store.DeletePost(ctx, userID, id); err != nil {
			return fmt.Errorf("delete a post: %w", err)
		}
	}
	if !deleted {
		return &Error{NotFound: true, Message: "There is no such post."}
	}
	return nil
}

// isID reports whether s is written as an id is: another writing of the same number would not sort as ids do.
func isID(s string) bool {
	id, err := uuid.Parse(s)
	return err == nil && id.String() == s
}

// isText reports whether every database can keep s as text: PostgreSQL refuses the NUL character.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
