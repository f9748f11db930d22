package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/blog"
)

func testPosts(t *testing.T, f *fixture) {
	s := f.process()
	ada, _ := f.account(s, 0)
	eve, _ := f.account(s, 0)
	at := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	var all []blog.Post // newest first
	for _, title := range []string{"one", "two", "three", "four", "five"} {
		p := blog.Post{ID: newID(), UserID: ada.ID, Title: title, Body: "Text \"of\"\n'" + title + "' é", CreatedAt: at}
		if err := s.CreatePost(ctx, p, 0); err != nil {
			t.Fatal(err)
		}
		all = append([]blog.Post{p}, all...)
	}
	page := func(user string, first int, after string, want ...blog.Post) {
		t.Helper()
		got, err := s.Posts(ctx, user, first, after)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("page of %d after %q (-want +got):\n%s", first, after, diff)
		}
	}
	page(ada.ID, 10, "", all...)
	page(ada.ID, 2, "", all[:2]...)
	page(ada.ID, 2, all[1].ID, all[2:4]...)
	page(ada.ID, 2, all[3].ID, all[4:]...)
	page(ada.ID, 2, all[4].ID)
	page(eve.ID, 10, "")
	deleted := func(user, id string, want bool) {
		t.Helper()
		if got, err := s.DeletePost(ctx, user, id); got != want || err != nil {
			t.Errorf("deleted %v, %v; want %v", got, err, want)
		}
	}
	deleted(eve.ID, all[1].ID, false)
	deleted(ada.ID, all[1].ID, true)
	deleted(ada.ID, all[1].ID, false)
	page(ada.ID, 2, all[1].ID, all[2:4]...) // the place of a deleted post is still known
	page(ada.ID, 2, "", all[0], all[2])
}

// testPostsKept publishes side by side: an account never has more posts than it may.
func testPostsKept(t *testing.T, f *fixture) {
	stores := []Store{f.process(), f.process()}
	ada, _ := f.account(stores[0], 0)
	eve, _ := f.account(stores[0], 0)
	const most = 5
	var wg sync.WaitGroup
	var refused atomic.Int64
	for i := range 20 {
		wg.Go(func() {
			err := stores[i%2].CreatePost(ctx, blog.Post{ID: newID(), UserID: ada.ID, Title: "Title", Body: "Body"}, most)
			if errors.Is(err, blog.ErrFull) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	posts, err := stores[0].Posts(ctx, ada.ID, 100, "")
	if len(posts) != most || refused.Load() != 15 || err != nil {
		t.Fatalf("%d posts, %d refused, %v", len(posts), refused.Load(), err)
	}
	one := func(userID string, most int) error {
		return stores[0].CreatePost(ctx, blog.Post{ID: newID(), UserID: userID, Title: "Title", Body: "Body"}, most)
	}
	if err := one(eve.ID, 1); err != nil {
		t.Errorf("another user: %v", err)
	}
	if err := one(ada.ID, 0); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	for _, p := range posts[:2] {
		if _, err := stores[0].DeletePost(ctx, ada.ID, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := one(ada.ID, most); err != nil {
		t.Errorf("after deleting: %v", err)
	}
	wantIs(t, one(ada.ID, most), blog.ErrFull)
}
