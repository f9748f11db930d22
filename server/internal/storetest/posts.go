package storetest

import (
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
		if err := s.CreatePost(ctx, p); err != nil {
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
