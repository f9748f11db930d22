package screen

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/a-h/templ"

	"example.com/latchkey/shared/api"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// postsPerPage is how many posts one page lists.
const postsPerPage = 10

func (a *App) home(path string) View {
	return a.view(path, "Sessions that stay, tokens that don’t", http.StatusOK, ui.Home(ui.HomeView{User: user(a.session.State())}))
}

// howItWorks tells of the token that the page is rendered with. Where that is the client's, it is the one of a.session
// too; on the server it is that of the visit.
func (a *App) howItWorks(path string) View {
	state := a.session.State()
	v := viewAs(state, path, "How it works", http.StatusOK, nil)
	v.main = func(token ui.TokenView) templ.Component {
		if !token.Running {
			token = ofVisit(state, a.session.MinAge())
		}
		return ui.HowItWorks(ui.HowItWorksView{User: user(state), Token: token})
	}
	return v
}

// ofVisit is what there is to tell of the token with which a page is rendered, and which nobody keeps.
func ofVisit(s session.State, grace time.Duration) ui.TokenView {
	return ui.TokenView{Claims: ui.ClaimsView(s.Claims), Picture: ui.PictureView{
		Now: s.Arrived, Span: s.Expiry.Sub(s.Arrived), Lives: []ui.Life{{From: s.Arrived, Until: s.Expiry}}, Grace: grace,
	}}
}

// login shows the login form at path. Where the visitor's session has ended it says why. While the client has to look for
// the session, only an answer to the form itself shows it.
func (a *App) login(path string, status int, form ui.LoginView) View {
	form.Path = path
	if a.undecided() && form.Error.None() {
		return a.looking(path, status, ui.Login(form))
	}
	v := a.view(path, "Log in", status, ui.Login(form))
	if state := a.session.State(); state.Phase == session.Ended && form.Error.Alert == "" {
		v.frame.Notice = sentence(string(state.Reason))
	}
	return v
}

func (a *App) signup(path string, status int, v ui.SignupView) View {
	v.Path = path
	if a.undecided() && v.Error.None() {
		return a.looking(path, status, ui.Signup(v))
	}
	return a.view(path, "Create your account", status, ui.Signup(v))
}

// posts shows the posts below the one with the id after; v carries what a failed form keeps.
func (a *App) posts(ctx context.Context, path, after string, status int, v ui.PostsView) View {
	state := a.session.State() // before: what is loaded is that session's, whoever logs in meanwhile
	// One more than the page lists tells whether there are older ones.
	list, err := a.api.Posts(ctx, postsPerPage+1, after)
	refused := !v.Error.None()
	switch {
	case err != nil && (!refused || errors.Is(err, session.ErrUnauthenticated)):
		return a.failed(path, err)
	case state.Phase != session.Active:
		state = a.session.State()
	}
	v.Path, v.User = path, state.User.ID
	if len(list) > postsPerPage {
		list = list[:postsPerPage]
		v.Older = PostsPath + "?after=" + url.QueryEscape(list[postsPerPage-1].ID)
	}
	if after != "" {
		v.Newer = PostsPath
	}
	v.Unavailable = err != nil // what was typed stays, also without the posts
	for _, p := range list {
		v.Posts = append(v.Posts, ui.Post{ID: p.ID, Title: p.Title, Body: p.Body, CreatedAt: p.CreatedAt})
	}
	return viewAs(state, path, "Your posts", status, ui.Posts(v))
}

func (a *App) account(ctx context.Context, path string, status int, fe ui.FormError) View {
	state := a.session.State()
	after := ""
	if u, err := parse(path); err == nil {
		after = u.Query().Get("after")
	}
	account, err := a.api.Account(ctx, entriesPerPage+1, after)
	if err != nil {
		return a.failed(path, err)
	}
	if state.Phase != session.Active {
		state = a.session.State()
	}
	v := ui.AccountView{Path: path, User: user(state), Activity: activity(account.Activity, after), Error: fe}
	for _, s := range account.Sessions {
		v.Sessions = append(v.Sessions, sessionRow(s))
	}
	return viewAs(state, path, "Your sessions", status, ui.Account(v))
}

func sessionRow(s api.Session) ui.Session {
	return ui.Session{
		ID: s.ID, Device: device(s.UserAgent), IP: s.IP, Current: s.Current,
		LastUsed: exactly(s.LastUsedAt), Since: exactly(s.CreatedAt),
	}
}

// formError sorts an error into what the intent's form shows: at the field it is about, or above the form.
func formError(i Intent, err error) (fe ui.FormError, status int) {
	switch {
	case errors.Is(err, session.ErrInvalidCredentials):
		return ui.FormError{Alert: "Email or password is incorrect."}, http.StatusUnauthorized
	case errors.Is(err, session.ErrEmailTaken):
		return ui.FormError{Fields: map[string]string{"email": "There is an account with this email already. Log in instead."}}, http.StatusConflict
	case errors.Is(err, session.ErrRateLimited):
		return ui.FormError{Alert: message(err)}, http.StatusTooManyRequests
	case errors.Is(err, session.ErrForbidden) && i.name == Publish: // the account has its greatest number of posts
		return ui.FormError{Alert: message(err)}, http.StatusForbidden
	case errors.Is(err, session.ErrBadInput):
		e := (*session.Error)(nil)
		if errors.As(err, &e) && slices.Contains(fieldsOf[i.name], e.Field) {
			return ui.FormError{Fields: map[string]string{e.Field: message(err)}}, http.StatusUnprocessableEntity
		}
		return ui.FormError{Alert: message(err)}, http.StatusUnprocessableEntity
	}
	return ui.FormError{Alert: "The server does not answer. Nothing is lost: try again in a moment."}, http.StatusServiceUnavailable
}

// message returns what the server said of an error, which is written for people.
func message(err error) string {
	if e := (*session.Error)(nil); errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return "Something went wrong. Nothing is lost: try again in a moment."
}
