// Package auth is the domain of session authentication: accounts, sessions, refresh and access tokens.
package auth
