package screen

import (
	"context"
	"net/http"

	"github.com/a-h/templ"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// undecided reports whether the server renders a page for a refresh token that only the client's own refresh may judge
// (contract §3). In the client it never does.
func (a *App) undecided() bool { return a.session.State().Reason == session.ReasonUndecided }

// looking is the page at path while the client looks for the session. Where no client runs, form takes its place.
func (a *App) looking(path string, status int, form templ.Component) View {
	v := a.view(path, "", status, ui.Looking(headingAt(path), form))
	v.Undecided = true
	return v
}

// headingAt is the heading of the page that comes in the place of looking, where the session is found. It stays where it
// is then.
func headingAt(path string) string {
	switch u, err := parse(path); {
	case err != nil:
	case u.Path == PostsPath:
		return "Your posts"
	case u.Path == AccountPath:
		return "Your sessions"
	}
	return "One moment"
}

// Kept is a post that was not published, because the session of its author was over or was not found yet.
type Kept struct {
	User        string // the author's id; "": there is no post
	Title, Body string
}

// GiveBack is Show, for a page that holds a kept post. The author finds the post in the form that publishes it. Without a
// session the login form holds it. Another user does not get it.
func (a *App) GiveBack(ctx context.Context, path string, k Kept) View {
	state := a.session.State()
	switch {
	case k.User == "":
	case state.Phase == session.Active && state.User.ID == k.User:
		return a.keptPost(ctx, k, "This is not published yet. Nothing is lost: publish it now.")
	case state.Phase == session.None, state.Phase == session.Ended:
		return a.login(path, http.StatusUnauthorized, ui.LoginView{Kept: k.fields()})
	}
	return a.Show(ctx, path)
}

// keptPost is the page of the posts with a kept post in its form, and a sentence that says why.
func (a *App) keptPost(ctx context.Context, k Kept, why string) View {
	v := a.posts(ctx, PostsPath, "", http.StatusOK, ui.PostsView{Title: k.Title, Body: k.Body, Error: ui.FormError{Alert: why}})
	v.Focus = "form-error"
	return v
}

// fields are the hidden fields of a login form that hold the post.
func (k Kept) fields() []ui.Kept {
	if k.User == "" {
		return nil
	}
	return []ui.Kept{{Name: keptUser, Value: k.User}, {Name: keptTitle, Value: k.Title}, {Name: keptBody, Value: k.Body}}
}
