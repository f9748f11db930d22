package api

import (
	"context"
	"time"

	"github.com/hasura/go-graphql-client"
)

// Post is something that the user has written.
type Post struct {
	ID        string
	Title     string
	Body      string
	CreatedAt time.Time
}

// Posts returns up to first (1 to 100) of the user's posts, newest first, from the one that follows the post with
// the id after; "" starts at the newest.
func (c *Client) Posts(ctx context.Context, first int, after string) ([]Post, error) {
	var q struct {
		Posts []Post `graphql:"posts(first: $first, after: $after)"`
	}
	if err := c.session.Query(ctx, &q, page(first, after)); err != nil {
		return nil, err
	}
	return q.Posts, nil
}

// CreatePost publishes a post: a title of 1 to 200 characters, a body of 1 to 20,000 bytes. The error is
// [session.ErrBadInput], with the field, where one is out of bounds.
func (c *Client) CreatePost(ctx context.Context, title, body string) (Post, error) {
	var m struct {
		CreatePost Post `graphql:"createPost(title: $title, body: $body)"`
	}
	err := c.session.Mutate(ctx, &m, map[string]any{
		"title": graphql.String(title),
		"body":  graphql.String(body),
	})
	if err != nil {
		return Post{}, err
	}
	return m.CreatePost, nil
}

// DeletePost removes a post. The error is [session.ErrNotFound] where the user has none of that id.
func (c *Client) DeletePost(ctx context.Context, id string) error {
	var m struct {
		DeletePost bool `graphql:"deletePost(id: $id)"`
	}
	if err := c.session.Mutate(ctx, &m, map[string]any{"id": graphql.ID(id)}); err != nil {
		return err
	}
	if !m.DeletePost {
		return missing("post")
	}
	return nil
}
