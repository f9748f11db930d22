package screen

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"example.com/latchkey/shared/api"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// The paths of the pages.
const (
	HomePath    = "/"
	PostsPath   = "/posts"
	AccountPath = "/account"
	LoginPath   = "/login"
	SignUpPath  = "/signup"
	HowPath     = "/how-it-works"
)

// Paths lists every page, for a router.
func Paths() []string {
	return []string{HomePath, PostsPath, AccountPath, LoginPath, SignUpPath, HowPath}
}

// App shows the pages of one visitor.
type App struct {
	session *session.Session
	api     *api.Client
}

// New returns the application of the visitor whose session s is. The caller closes s.
func New(s *session.Session) *App { return &App{session: s, api: api.New(s)} }

// View is one page, ready to be rendered.
type View struct {
	Path     string // where it stands, with the query
	Redirect string // not "": there is nothing to show here, go there
	Title    string
	Status   int    // of the HTTP answer that carries it
	Session  string // "none", "active" or "ended": the page's data-session
	User     string // the user's id, or ""
	ID       string // the session's, or ""

	// Undecided says that the server cannot know whether there is a session: the client asks, and shows the page anew.
	Undecided bool

	Focus string // the id of the element that gets the focus; "" for the heading
	frame ui.Frame
	main  func(token ui.TokenView) templ.Component
}

// Render writes the page's HTML, all within <div id="app">, with the access token's region as in token.
func (v View) Render(ctx context.Context, w io.Writer, token ui.TokenView) error {
	frame := v.frame
	frame.Token = token
	return ui.App(frame, v.main(token)).Render(ctx, w)
}

// Show returns the page at path, which may carry a query. It never fails: what goes wrong is a page that says so.
func (a *App) Show(ctx context.Context, path string) View {
	v := a.show(ctx, path)
	v.Undecided = a.undecided()
	return v
}

func (a *App) show(ctx context.Context, path string) View {
	u, err := parse(path)
	if err != nil {
		return a.notFound(HomePath)
	}
	switch u.Path {
	case HomePath:
		return a.home(path)
	case HowPath:
		return a.howItWorks(path)
	case LoginPath, SignUpPath:
		if a.session.State().Phase == session.Active {
			return View{Redirect: PostsPath, Status: http.StatusSeeOther}
		}
		if u.Path == LoginPath {
			return a.login(path, http.StatusOK, ui.LoginView{})
		}
		return a.signup(path, http.StatusOK, ui.SignupView{})
	case PostsPath, AccountPath:
		return a.restricted(ctx, path, u)
	default:
		return a.notFound(path)
	}
}

// restricted is a page for the logged-in only, or the login form in its place.
func (a *App) restricted(ctx context.Context, path string, u *url.URL) View {
	if a.session.State().Phase == session.Unknown {
		// Only the server can say that nobody is logged in: that it did not answer says nothing.
		if err := a.session.Resume(ctx); err != nil {
			return a.failed(path, err)
		}
	}
	if a.session.State().Phase != session.Active {
		return a.login(path, http.StatusUnauthorized, ui.LoginView{})
	}
	if u.Path == PostsPath {
		return a.posts(ctx, path, u.Query().Get("after"), http.StatusOK, ui.PostsView{})
	}
	return a.account(ctx, path, http.StatusOK, ui.FormError{})
}

// view frames a component with what every page has.
func (a *App) view(path, title string, status int, main templ.Component) View {
	return viewAs(a.session.State(), path, title, status, main)
}

// viewAs is view for a component whose content is that of the session in the given state: it may have changed since.
func viewAs(state session.State, path, title string, status int, main templ.Component) View {
	v := View{Path: path, Title: title, Status: status, Session: "none"}
	v.main = func(ui.TokenView) templ.Component { return main }
	v.frame = ui.Frame{Path: path, Title: title}
	switch state.Phase {
	case session.Active:
		v.Session, v.User, v.ID = "active", state.User.ID, state.SessionID
		v.frame.User, v.frame.Notice = user(state), notice(path)
	case session.Ended:
		v.Session = "ended"
	}
	return v
}

func user(s session.State) *ui.User {
	if s.Phase != session.Active {
		return nil
	}
	return &ui.User{ID: s.User.ID, Name: s.User.Name, Email: s.User.Email}
}

// failed is the page for an error that no form can show: the login form where the session is over, and otherwise
// a message.
func (a *App) failed(path string, err error) View {
	switch {
	case errors.Is(err, session.ErrUnauthenticated):
		return a.login(path, http.StatusUnauthorized, ui.LoginView{})
	case errors.Is(err, session.ErrNotFound):
		return a.notFound(path)
	case errors.Is(err, session.ErrBadInput):
		return a.view(path, "Not possible", http.StatusUnprocessableEntity, ui.Message(ui.MessageView{
			Heading: "That is not possible", Text: message(err), Href: PostsPath, Link: "Go to your posts",
		}))
	}
	text := "Nothing is lost. Try again in a moment."
	if a.session.State().Phase == session.Active {
		text = "Nothing is lost, and you are still logged in. Try again in a moment."
	}
	return a.view(path, "Not reachable", http.StatusServiceUnavailable, ui.Message(ui.MessageView{
		Heading: "The server does not answer", Text: text, Href: path, Link: "Try again",
	}))
}

func (a *App) notFound(path string) View {
	return a.view(path, "Not found", http.StatusNotFound, ui.Message(ui.MessageView{
		Heading: "There is no such page", Text: "The address may be mistyped, or what was here is gone.",
		Href: HomePath, Link: "Go to the start page",
	}))
}
