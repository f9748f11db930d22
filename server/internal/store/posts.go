package store

import (
	"context"

	"example.com/latchkey/server/internal/blog"
)

// Posts implements blog.Store.
func (s *Store) Posts(ctx context.Context, userID string, first int, after string) ([]blog.Post, error) {
	// Ids are hexadecimal: every one is less than this.
	if after == "" {
		after = "g"
	}
	posts, err := list(ctx, s.reads, func(rows row) (p blog.Post, err error) {
		var created int64
		err = rows.Scan(&p.ID, &p.UserID, &p.Title, &p.Body, &created)
		p.CreatedAt = timeOf(created)
		return p, err
	}, `select id, user_id, title, body, created_at from posts where user_id = $1 and id < $2 order by id desc limit $3`,
		userID, after, first)
	return posts, s.wrap("posts", err)
}

// CreatePost implements blog.Store.
func (s *Store) CreatePost(ctx context.Context, p blog.Post, most int) error {
	return s.wrap("create post", s.write(ctx, func(ctx context.Context, r runner) error {
		if most > 0 {
			if err := s.roomForPost(ctx, r, p.UserID, most); err != nil {
				return err
			}
		}
		_, err := exec(ctx, r, `insert into posts (id, user_id, title, body, created_at) values ($1, $2, $3, $4, $5)`,
			p.ID, p.UserID, p.Title, p.Body, millis(p.CreatedAt))
		return err
	}))
}

// roomForPost fails with blog.ErrFull where the user has most posts. Racing posts of one user wait for each other.
func (s *Store) roomForPost(ctx context.Context, r runner, userID string, most int) error {
	if err := s.dialect.lockName(ctx, r, "posts of "+userID); err != nil {
		return err
	}
	n, err := one(ctx, r, scanNumber, `select count(*) from (select 1 from posts where user_id = $1 limit $2) kept`, userID, most)
	if err == nil && n >= int64(most) {
		return blog.ErrFull
	}
	return err
}

// DeletePost implements blog.Store.
func (s *Store) DeletePost(ctx context.Context, userID, id string) (bool, error) {
	var n int64
	err := s.write(ctx, func(ctx context.Context, r runner) (err error) {
		n, err = exec(ctx, r, `delete from posts where id = $1 and user_id = $2`, id, userID)
		return err
	})
	return n > 0, s.wrap("delete post", err)
}
