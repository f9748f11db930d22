package ui

// steps is the life of a session as the start page tells it.
var steps = []struct{ title, text string }{
	{"Log in", "The server answers with an access token good for a few minutes, and puts a refresh token in an HttpOnly cookie."},
	{"Keep", "A worker holds the access token in its memory. The page, its scripts and its storage never see it."},
	{"Use", "The worker adds the token to each request to the API. The server checks its signature and that its session still lives."},
	{"Refresh", "Shortly before it expires, the worker exchanges the cookie for a new pair. Tabs that race each other all end with the same one."},
	{"End", "Log out, revoke a device or change the password, and the session is over at once. A stolen refresh token that is used again ends it too."},
}
