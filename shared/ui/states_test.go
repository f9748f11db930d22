package ui_test

import (
	"time"

	"github.com/a-h/templ"

	"example.com/latchkey/shared/ui"
)

var (
	ada  = &ui.User{ID: "u1", Name: "Ada Lovelace", Email: "ada@example.com"}
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	// elsewhere checks that a time is shown in UTC wherever it was made.
	elsewhere = time.FixedZone("", 2*60*60)
)

var checked = &ui.CheckView{Places: []ui.Place{
	{Name: "Cookies a script can read"},
	{Name: "Local storage", Searched: 1},
	{Name: "The page's markup", Searched: 214},
	{Name: "Address, history, referrer and window name", Searched: 4},
}}

var leaked = &ui.CheckView{Places: []ui.Place{
	{Name: "Local storage", Searched: 3, Found: 1},
	{Name: "Session storage", Searched: 1},
}}

var said = ui.ClaimsView{
	Algorithm: "EdDSA", Type: "at+jwt", KeyID: "key-1", Issuer: "https://app.example", Audience: "https://app.example/graphql",
	Subject: "u1", SessionID: "s1", ID: "j3", IssuedAt: noon.Add(-time.Minute).In(elsewhere), Expiry: noon.Add(4 * time.Minute), Generation: 7,
}

// lives are three tokens of five minutes: the second came with a new refresh token, the third did not.
var lives = ui.PictureView{
	Now: noon, Span: 5 * time.Minute, Next: noon.Add(3 * time.Minute), Grace: 30 * time.Second,
	Lives: []ui.Life{
		{Number: 3, From: noon.Add(-9 * time.Minute), Until: noon.Add(-4 * time.Minute)},
		{Number: 4, From: noon.Add(-5 * time.Minute), Until: noon, Rotated: true},
		{Number: 5, From: noon.Add(-time.Minute), Until: noon.Add(4 * time.Minute)},
	},
	Faults: []time.Time{noon.Add(-80 * time.Second), noon.Add(-70 * time.Second)},
}

// failing is a token that is over, and of which every refresh has failed for longer than the picture goes back.
var failing = ui.PictureView{
	Now: noon, Span: 4 * time.Second, Next: noon.Add(time.Second), Failing: true,
	Lives:  []ui.Life{{From: noon.Add(-20 * time.Second), Until: noon.Add(-16 * time.Second), Rotated: true}},
	Faults: []time.Time{noon.Add(-time.Minute), noon.Add(-2 * time.Second)},
}

var running = ui.TokenView{Running: true, Expiry: "4:00", Next: "3:00", Refreshes: 5, Claims: said, Picture: lives}

var somePosts = []ui.Post{
	{ID: "p2", Title: "On rotating keys", Body: "A key that changes with every use\nis worth little to whoever finds it.", CreatedAt: noon.In(elsewhere)},
	{ID: "p1", Title: "Hello", Body: "First.", CreatedAt: noon.Add(-26 * time.Hour)},
}

var someSessions = []ui.Session{
	{ID: "s1", Device: "Firefox on Linux", IP: "192.0.2.7", LastUsed: "just now", Since: "2 Nov 2026", LastUsedAt: noon, SinceAt: noon.Add(-21 * 24 * time.Hour), Current: true},
	{ID: "s2", Device: "Safari on iPhone", IP: "2001:db8::1", LastUsed: "3 hours ago", Since: "1 Nov 2026"},
	{ID: "s3", LastUsed: "2 days ago", Since: "20 Oct 2026"},
}

var someActivity = []ui.Activity{
	{What: "Logged in", Device: "Firefox on Linux", IP: "192.0.2.7", When: "23 Nov 2026, 12:00 UTC", WhenAt: noon.In(elsewhere), Times: 1, Current: true},
	{What: "Login with a wrong password", IP: "2001:db8::1", When: "22 Nov 2026, 12:00 UTC", Times: 12, Until: "22 Nov 2026, 12:40 UTC", UntilAt: noon, Warn: true},
}

// state is a component in one of its states, by the name of its golden file.
type state struct {
	name string
	c    templ.Component
}

// states is every component in every state that looks different.
var states = []state{
	{"home-visitor", ui.Home(ui.HomeView{})},
	{"home-user", ui.Home(ui.HomeView{User: ada})},
	{"login", ui.Login(ui.LoginView{Path: "/login"})},
	{"login-kept", ui.Login(ui.LoginView{Path: "/posts", Kept: []ui.Kept{{Name: "kept-title", Value: "Typed"}, {Name: "kept-body", Value: "\nTwo\nlines."}}})},
	{"login-wrong", ui.Login(ui.LoginView{Path: "/posts", Email: "ada@example.com", Error: ui.FormError{Alert: "Email or password is incorrect."}})},
	{"looking", ui.Looking("Your posts", ui.Login(ui.LoginView{Path: "/posts"}))},
	{"signup", ui.Signup(ui.SignupView{Path: "/signup"})},
	{"signup-wrong", ui.Signup(ui.SignupView{Path: "/signup", Name: "Ada", Email: "ada@example", Error: ui.FormError{
		Alert:  "The account could not be created.",
		Fields: map[string]string{"email": "This is not an email address.", "password": "Use at least 8 characters."},
	}})},
	{"posts", ui.Posts(ui.PostsView{Path: "/posts", User: "u1", Posts: somePosts, Older: "/posts?after=p1"})},
	{"posts-none", ui.Posts(ui.PostsView{Path: "/posts"})},
	{"posts-unavailable", ui.Posts(ui.PostsView{Path: "/posts", Title: "Kept", Unavailable: true, Error: ui.FormError{Alert: "The server does not answer."}})},
	{"posts-end", ui.Posts(ui.PostsView{Path: "/posts?after=p1", Newer: "/posts"})},
	{"posts-wrong", ui.Posts(ui.PostsView{Path: "/posts", Title: "Kept", Body: "\nKept, too", Error: ui.FormError{
		Fields: map[string]string{"title": "The title is too long."},
	}})},
	{"account", ui.Account(ui.AccountView{Path: "/account", User: ada, Sessions: someSessions})},
	{"account-wrong", ui.Account(ui.AccountView{Path: "/account", Sessions: someSessions[:1], Error: ui.FormError{
		Alert:  "The password was not changed.",
		Fields: map[string]string{"current": "This is not your current password."},
	}})},
	{"account-activity", ui.Account(ui.AccountView{Path: "/account", Activity: ui.ActivityView{Entries: someActivity, Older: "/account?after=a1"}})},
	{"account-activity-end", ui.Account(ui.AccountView{Path: "/account?after=a1", Activity: ui.ActivityView{Newer: "/account"}})},
	{"account-failed", ui.Account(ui.AccountView{Path: "/account", Error: ui.FormError{Alert: "There is no such session."}})},
	{"message", ui.Message(ui.MessageView{Heading: "Page not found", Text: "There is nothing at this address.", Href: "/", Link: "Go to the start page"})},
	{"message-bare", ui.Message(ui.MessageView{Heading: "Something went wrong"})},
	{"token-server", ui.Token(ui.TokenView{Expiry: "ignored", Next: "ignored", Refreshes: 3, Check: checked})},
	{"token-running", ui.Token(ui.TokenView{Running: true, Expiry: "4:31", Next: "3:46", Refreshes: 12})},
	{"token-checked", ui.Token(ui.TokenView{Running: true, Expiry: "4:31", Next: "3:46", Check: checked})},
	{"token-again", ui.Token(ui.TokenView{Running: true, Expiry: "5:00", Next: "4:00", Claims: said, Picture: lives, Ended: &ui.EndedView{Reason: "You logged out.", At: noon}})},
	{"picture-lives", ui.Picture("p", lives)},
	{"picture-failing", ui.Picture("p", failing)},
	{"picture-visit", ui.Picture("p", ui.PictureView{Now: noon, Span: time.Minute, Lives: []ui.Life{{From: noon, Until: noon.Add(time.Minute)}}})},
	{"claims", ui.Claims(said)},
	{"how-visitor", ui.HowItWorks(ui.HowItWorksView{})},
	{"how-user", ui.HowItWorks(ui.HowItWorksView{User: ada, Token: running})},
	{"check-none", ui.Check(nil)},
	{"check-leaked", ui.Check(leaked)},
	{"app-visitor", ui.App(ui.Frame{Path: "/login"}, nil)},
	{"app-user", ui.App(ui.Frame{Path: "/posts?after=p1", User: ada, Notice: "Your post was published."}, templ.NopComponent)},
	{"app-home", ui.App(ui.Frame{Path: "/", User: &ui.User{ID: "u2", Email: "no-name@example.com"}}, templ.NopComponent)},
}
