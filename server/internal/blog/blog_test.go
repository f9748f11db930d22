package blog_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/latchkey/server/internal/blog"
)

// memory is a store of one user's posts, newest first.
type memory struct {
	posts []blog.Post
	fault error
}

func (m *memory) Posts(_ context.Context, _ string, first int, after string) ([]blog.Post, error) {
	var page []blog.Post
	for _, p := range m.posts {
		if len(page) < first && (after == "" || p.ID < after) {
			page = append(page, p)
		}
	}
	return page, m.fault
}

func (m *memory) CreatePost(_ context.Context, p blog.Post, most int) error {
	if most > 0 && len(m.posts) >= most {
		return blog.ErrFull
	}
	m.posts = append([]blog.Post{p}, m.posts...)
	return m.fault
}

func (m *memory) DeletePost(_ context.Context, userID, id string) (bool, error) {
	for i, p := range m.posts {
		if p.ID == id && p.UserID == userID {
			m.posts = append(m.posts[:i:i], m.posts[i+1:]...)
			return true, m.fault
		}
	}
	return false, m.fault
}

var ctx = context.Background()

func TestCreate(t *testing.T) {
	for _, row := range []struct {
		name, title, body string
		field             string // "": it works
	}{
		{"ordinary", "Title", "Body", ""},
		{"trimmed title", " \tTitle\n", " Body\n", ""},
		{"longest", strings.Repeat("é", 200), strings.Repeat("b", 20000), ""},
		{"no title", "", "Body", "title"},
		{"blank title", " \n ", "Body", "title"},
		{"title too long", strings.Repeat("é", 201), "Body", "title"},
		{"title is no text", "a\x00b", "Body", "title"},
		{"title is no UTF-8", "a\xffb", "Body", "title"},
		{"no body", "Title", "", "body"},
		{"blank body", "Title", " \n ", "body"},
		{"body too long", "Title", strings.Repeat("b", 20001), "body"},
		{"body is no text", "Title", "a\x00b", "body"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := &memory{}
			p, err := blog.New(m, blog.Limits{}).Create(ctx, "ada", row.title, row.body)
			if row.field != "" {
				wantField(t, err, row.field)
				if len(m.posts) != 0 {
					t.Error("kept all the same")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := blog.Post{ID: p.ID, UserID: "ada", Title: strings.TrimSpace(row.title), Body: row.body, CreatedAt: p.CreatedAt}
			if diff := cmp.Diff([]blog.Post{want}, m.posts); diff != "" || p != want {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if age := time.Since(p.CreatedAt); age < 0 || age > time.Minute || p.CreatedAt.Location() != time.UTC {
				t.Errorf("created at %v", p.CreatedAt)
			}
		})
	}
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	var e *blog.Error
	if !errors.As(err, &e) || e.NotFound || e.Field != field || e.Error() == "" {
		t.Errorf("error %#v, want field %q", err, field)
	}
}

func TestPosts(t *testing.T) {
	s := blog.New(&memory{}, blog.Limits{})
	var ids []string
	for range 3 {
		p, err := s.Create(ctx, "ada", "Title", "Body")
		if err != nil {
			t.Fatal(err)
		}
		ids = append([]string{p.ID}, ids...)
	}
	for _, row := range []struct {
		name  string
		first int
		after string
		want  []string
		field string
	}{
		{"all", 100, "", ids, ""},
		{"one", 1, "", ids[:1], ""},
		{"the next", 1, ids[0], ids[1:2], ""},
		{"behind the last", 1, ids[2], nil, ""},
		{"none", 0, "", nil, "first"},
		{"too many", 101, "", nil, "first"},
		{"negative", -1, "", nil, "first"},
		{"after no id", 1, "x", nil, "after"},
		{"after an id in another writing", 1, strings.ToUpper(ids[0]), nil, "after"},
	} {
		t.Run(row.name, func(t *testing.T) {
			posts, err := s.Posts(ctx, "ada", row.first, row.after)
			if row.field != "" {
				wantField(t, err, row.field)
				return
			}
			var got []string
			for _, p := range posts {
				got = append(got, p.ID)
			}
			if diff := cmp.Diff(row.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestDelete(t *testing.T) {
	m := &memory{}
	s := blog.New(m, blog.Limits{})
	p, err := s.Create(ctx, "ada", "Title", "Body")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, user, id string
		missing        bool
	}{
		{"not an id", "ada", "x", true},
		{"somebody else's", "eve", p.ID, true},
		{"one's own", "ada", p.ID, false},
		{"a second time", "ada", p.ID, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := s.Delete(ctx, row.user, row.id)
			var e *blog.Error
			if missing := errors.As(err, &e) && e.NotFound; missing != row.missing || !missing && err != nil {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	fault := errors.New("the disk is full")
	s := blog.New(&memory{fault: fault}, blog.Limits{})
	_, listErr := s.Posts(ctx, "ada", 1, "")
	_, createErr := s.Create(ctx, "ada", "Title", "Body")
	deleteErr := s.Delete(ctx, "ada", "01890a5d-ac96-774b-bcce-b302099a8057")
	for name, err := range map[string]error{"list": listErr, "create": createErr, "delete": deleteErr} {
		if !errors.Is(err, fault) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// full is a limit that somebody has reached.
type full struct{ userID string }

var errFull = errors.New("enough for today")

func (f full) Take(_ context.Context, userID string) error {
	if userID == f.userID {
		return errFull
	}
	return nil
}

func TestLimit(t *testing.T) {
	m := &memory{}
	s := blog.New(m, blog.Limits{Rate: full{"eve"}})
	if _, err := s.Create(ctx, "eve", "Title", "Body"); err != errFull {
		t.Errorf("error %v", err)
	}
	if _, err := s.Create(ctx, "eve", "", "Body"); errors.Is(err, errFull) {
		t.Error("what is no post is counted")
	}
	if _, err := s.Create(ctx, "ada", "Title", "Body"); err != nil || len(m.posts) != 1 {
		t.Errorf("%d posts, error %v", len(m.posts), err)
	}
}

func TestMost(t *testing.T) {
	m := &memory{}
	s := blog.New(m, blog.Limits{Most: 2})
	for range 2 {
		if _, err := s.Create(ctx, "ada", "Title", "Body"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Create(ctx, "ada", "Title", "Body")
	if e := (*blog.Error)(nil); !errors.As(err, &e) || !e.Full || !strings.Contains(e.Message, "You have 2 posts") || len(m.posts) != 2 {
		t.Errorf("error %v, %d posts", err, len(m.posts))
	}
}
