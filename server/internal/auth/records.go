package auth

import "time"

// User is a person with an account.
type User struct {
	ID        string // UUIDv7
	Email     string // trimmed, lower case, unique
	Name      string
	CreatedAt time.Time
}

// Account is a user with the hash of the password, which leaves this package and the store in no other type.
type Account struct {
	User
	PasswordHash string // a PHC string
}

// Session is one login of a user, on one browser or other client.
type Session struct {
	ID         string // UUIDv7
	UserID     string
	CreatedAt  time.Time
	LastUsedAt time.Time // the last answer with a refresh token; Service.Sessions tells it to five minutes only
	ExpiresAt  time.Time // the earlier of LastUsedAt + idle-ttl and CreatedAt + max-ttl
	UserAgent  string    // as at the login
	IP         string    // as at the login
}

// Visitor is what a request says of its sender.
type Visitor struct {
	Tokens    []string // the value of every refresh cookie of the request
	Devices   []string // the value of every device cookie of the request
	UserAgent string
	IP        string
}

// Grant is an access token and what goes with it.
type Grant struct {
	AccessToken  string
	Expiry       time.Time // of the access token
	User         User
	SessionID    string
	RefreshToken string // the cookie's new value; "": leave the cookie alone
	Device       string // the device cookie's new value; "": leave the cookie alone
}

// Identity is whom a verified access token speaks for.
type Identity struct {
	UserID     string
	SessionID  string
	Generation int64 // of the refresh token that the access token came with
	Expiry     time.Time
}

// RefreshOptions are the arguments of the refreshToken mutation, and where the token came from. The zero value is the base
// rule.
type RefreshOptions struct {
	MinAge  time.Duration // a current token sent less than this (at most the grace) ago is not rotated
	Recover bool          // the caller holds no later token: a token past its grace may be recovered
	Page    bool          // the token came with the request for a page: it may be old by the browser's doing, and ends nothing
}
