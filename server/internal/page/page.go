package page

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"example.com/latchkey/server/internal/inflight"
	"example.com/latchkey/shared/screen"
	"example.com/latchkey/shared/session"
	"example.com/latchkey/shared/ui"
	"example.com/latchkey/web"
)

const patience = 5 * time.Second // for one visit: the API is in the process

// Config is what rendering needs.
type Config struct {
	API      http.Handler      // the API, for the renderer's use
	Endpoint string            // the API's URL; no request for it leaves the process
	Policy   func(http.Header) // sets the headers of a document; other answers keep those they came with
	Grace    time.Duration     // of superseded refresh tokens: the minAge of every exchange
	Assets   *web.Assets
	Log      *slog.Logger
}

// New returns the handler of every page: GET shows it, POST carries out an intent of one of its forms.
func New(cfg Config) http.Handler { return &pages{cfg} }

type pages struct{ cfg Config }

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if strings.Count(r.URL.RawQuery, "&") >= maxFields {
		http.Error(w, "The address of the page has too many fields.", http.StatusBadRequest)
		return
	}
	var intent screen.Intent
	if r.Method == http.MethodPost {
		// Before the visitor's token is exchanged: a form may come slowly, or be none.
		var (
			wrong  string
			status int
		)
		if intent, wrong, status = readIntent(w, r); status != http.StatusOK {
			http.Error(w, wrong, status)
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	v := newVisit(p.cfg.API, r)
	s, err := session.New(p.cfg.Endpoint, session.WithTransport(v), session.WithJar(nil),
		session.WithMinAge(p.cfg.Grace))
	if err != nil {
		p.broken(w, r, err)
		return
	}
	defer func() {
		if err := s.Close(); err != nil {
			p.cfg.Log.ErrorContext(r.Context(), "closing a visit's session", "error", err)
		}
	}()
	if err := s.Resume(ctx); err != nil && !errors.Is(err, session.ErrUnauthenticated) {
		if r.Context().Err() != nil {
			return // the visitor has left
		}
		p.cfg.Log.ErrorContext(r.Context(), "resuming a visitor's session", "error", err)
	}
	view := p.carryOut(ctx, r, screen.New(s), intent, v)
	v.passCookies(w)
	if view.Redirect != "" {
		redirect(w, r, view.Redirect)
		return
	}
	p.write(w, r, view)
}

// carryOut does what a form asks for, or shows the page that a GET does.
func (p *pages) carryOut(ctx context.Context, r *http.Request, app *screen.App, intent screen.Intent, v *visit) screen.View {
	if r.Method != http.MethodPost {
		return app.Show(ctx, r.URL.RequestURI())
	}
	if intent.Name() == screen.Logout || intent.Name() == screen.LogoutEverywhere {
		v.leave()
	}
	next, failed := app.Do(ctx, r.URL.RequestURI(), intent)
	if failed != nil {
		return *failed
	}
	return screen.View{Redirect: next}
}

// redirect leads to another page of ours with 303, so that going back or reloading repeats nothing.
func redirect(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// write renders into a buffer first, so that a failure can still be answered as one.
func (p *pages) write(w http.ResponseWriter, r *http.Request, view screen.View) {
	var app, doc bytes.Buffer
	if err := view.Render(r.Context(), &app, ui.TokenView{}); err != nil {
		p.broken(w, r, err)
		return
	}
	shell := web.Shell(web.ShellView{
		Title: view.Title, Session: view.Session, Undecided: view.Undecided, User: view.User, ID: view.ID,
		Style: p.cfg.Assets.URL(web.Style), Script: p.cfg.Assets.URL(web.Script),
		Worker: p.cfg.Assets.WorkerURL(), Icon: p.cfg.Assets.URL(web.Icon), Body: templ.Raw(app.String()),
	})
	if err := shell.Render(r.Context(), &doc); err != nil {
		p.broken(w, r, err)
		return
	}
	// The buffers double as they grow.
	if !inflight.FromContext(r.Context()).Add(2 * (app.Len() + doc.Len())) {
		w.Header().Set("Retry-After", "1") // seconds
		http.Error(w, inflight.Refusal, http.StatusTooManyRequests)
		return
	}
	p.cfg.Policy(w.Header())
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if view.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2") // seconds
	}
	w.WriteHeader(view.Status)
	// The status is sent: an error now is the connection's, and there is nobody left to tell.
	_, _ = doc.WriteTo(w)
}

func (p *pages) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the visitor has left
	}
	p.cfg.Log.ErrorContext(r.Context(), "rendering a page", "path", r.URL.Path, "error", err)
	http.Error(w, "Something went wrong on the server. Go back and try again in a moment.", http.StatusInternalServerError)
}
