package screen

import (
	"context"
	"errors"
	"net/http"

	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
)

// Do carries out an intent that was stated on the page at path. Where it succeeds, next is the path to show then, and
// failed is nil; otherwise failed is the page to show instead, with the error and with what was typed (passwords are
// never put back into a page). A post that finds its session over is kept in the login form, and failed too is the page
// that gives it back to its author, who has logged in by then.
func (a *App) Do(ctx context.Context, path string, i Intent) (next string, failed *View) {
	if _, err := parse(path); err != nil {
		path = HomePath
	}
	var err error
	next = path
	switch i.name {
	case Login:
		next, err = afterLogin(path), a.session.Login(ctx, i.field("email"), i.field("password"))
	case SignUp:
		next, err = afterLogin(path), a.session.SignUp(ctx, i.field("email"), i.field("password"), i.field("name"))
	case Logout:
		next, err = withoutNotice(path), a.session.Logout(ctx)
	case LogoutEverywhere:
		next = withoutNotice(path)
		_, err = a.session.LogoutEverywhere(ctx)
	case Publish:
		next = PostsPath
		_, err = a.api.CreatePost(ctx, i.field("title"), i.field("body"))
	case Delete:
		next, err = withoutNotice(path), a.api.DeletePost(ctx, i.field("post"))
	case Revoke:
		next, err = AccountPath+"?done=revoked", a.api.RevokeSession(ctx, i.field("session"))
	case ChangePassword:
		next, err = AccountPath+"?done=password", a.api.ChangePassword(ctx, i.field("current"), i.field("new"))
	}
	if errors.Is(err, session.ErrNotFound) && (i.name == Delete || i.name == Revoke) {
		err = nil // it is gone already, as in another tab: that is what was asked for
	}
	if err != nil {
		v := a.refused(ctx, withoutNotice(path), i, err)
		return "", &v
	}
	if k := i.kept(); i.name == Login && k.User != "" && k.User == a.session.State().User.ID {
		v := a.keptPost(ctx, k, "You had to log in again before this was published. Nothing is lost: publish it now.")
		return "", &v
	}
	return next, nil
}

// refused is the page that says why an intent had no effect.
func (a *App) refused(ctx context.Context, path string, i Intent, err error) View {
	// Wrong credentials are an UNAUTHENTICATED of their own: they are about the form, not about the session. And who
	// is about to begin a session has none that could be over.
	begins := i.name == Login || i.name == SignUp
	if errors.Is(err, session.ErrUnauthenticated) && !errors.Is(err, session.ErrInvalidCredentials) && !begins {
		return a.login(path, http.StatusUnauthorized, ui.LoginView{Kept: i.kept().fields()})
	}
	fe, status := formError(i, err)
	var v View
	switch i.name {
	case Login:
		v = a.login(path, status, ui.LoginView{Email: i.field("email"), Kept: i.kept().fields(), Error: fe})
	case SignUp:
		v = a.signup(path, status, ui.SignupView{Name: i.field("name"), Email: i.field("email"), Error: fe})
	case Publish:
		v = a.posts(ctx, PostsPath, "", status, ui.PostsView{Title: i.field("title"), Body: i.field("body"), Error: fe})
	case ChangePassword:
		if errors.Is(err, session.ErrInvalidCredentials) {
			fe = ui.FormError{Fields: map[string]string{"current": "This is not your current password."}}
		}
		v = a.account(ctx, AccountPath, status, fe)
	default:
		return a.failed(path, err)
	}
	v.Focus = "form-error"
	for _, field := range fieldsOf[i.name] {
		if fe.Fields[field] != "" {
			v.Focus = field
			break
		}
	}
	return v
}
