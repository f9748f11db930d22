package screen

import (
	"net/url"
	"time"

	"example.com/latchkey/shared/api"
	"example.com/latchkey/shared/ui"
)

// entriesPerPage is how much of the account's activity one page lists.
const entriesPerPage = 20

// activity lists the entries behind the one with the id after: one more than the page has tells whether there are older
// ones.
func activity(list []api.Activity, after string) (v ui.ActivityView) {
	if len(list) > entriesPerPage {
		list = list[:entriesPerPage]
		v.Older = AccountPath + "?after=" + url.QueryEscape(list[entriesPerPage-1].ID)
	}
	if after != "" {
		v.Newer = AccountPath
	}
	for _, a := range list {
		v.Entries = append(v.Entries, activityRow(a))
	}
	return v
}

func activityRow(a api.Activity) ui.Activity {
	row := ui.Activity{IP: a.IP, When: exactly(a.At), WhenAt: a.At, Times: a.Count, Until: exactly(a.LastAt), UntilAt: a.LastAt,
		Current: a.Current}
	row.What, row.Warn = happened(a)
	if a.UserAgent != "" {
		row.Device = device(a.UserAgent)
	}
	return row
}

func exactly(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

// happened says what happened, and whether the user should have a look at it.
func happened(a api.Activity) (what string, warn bool) {
	tooMany, busy := a.Reason == "RATE_LIMITED", a.Reason == "BUSY"
	switch a.Kind {
	case "ACCOUNT_CREATED":
		return "Account created", false
	case "LOGGED_IN":
		return "Logged in", false
	case "LOGIN_FAILED":
		switch {
		case tooMany:
			return "Login refused after too many wrong passwords", true
		case busy:
			return "Login not tried, as the server was busy", false
		case a.Reason == "TOO_MANY":
			return "Login refused after too many logins", true
		}
		return "Login with a wrong password", true
	case "PASSWORD_CHANGED":
		return "Password changed", false
	case "PASSWORD_CHANGE_FAILED":
		switch {
		case tooMany:
			return "Password not changed after too many wrong ones", true
		case busy:
			return "Password not changed, as the server was busy", false
		case a.Reason == "TOO_MANY":
			return "Password not changed after too many changes", true
		}
		return "Password not changed: the current one was wrong", true
	case "TOKEN_RECOVERED":
		return "Session recovered after a lost answer", false
	case "REFRESH_REFUSED":
		return "Came back to a session that was over", false
	case "SESSION_ENDED":
		return ended(a.Reason)
	}
	return "Something that this page does not know", false
}

// ended says why a session ended.
func ended(reason string) (what string, warn bool) {
	switch reason {
	case "LOGGED_OUT":
		return "Logged out", false
	case "REVOKED":
		return "Session revoked", false
	case "PASSWORD_CHANGED":
		return "Session ended, as the password was changed", false
	case "TOKEN_REUSED":
		return "Session ended: an old key to it was used again", true
	case "TOO_MANY":
		return "Session ended: it was not used for longest, and there were too many", false
	}
	return "Session ended", false
}
