package screen

import (
	"strings"

	"example.com/latchkey/shared/session"
)

// sentence says to the holder of an ended session's cookie why it ended: one sentence per reason of the contract's
// §4. A reason that needs no word, as that there never was a session, has none.
func sentence(reason string) string {
	switch reason {
	case "TOKEN_REUSED":
		return "You were logged out because an old key to your session was used again, which may mean that somebody copied it. Your account is safe: log in again."
	case "IDLE":
		return "You were logged out because you had not been here for a long time."
	case "MAX_AGE":
		return "You were logged out because your session reached its greatest age."
	case "LOGGED_OUT", "NO_TOKEN", "UNKNOWN_TOKEN": // the latter two where there was a session a moment ago
		return "You are logged out."
	case "REVOKED":
		return "You were logged out from another of your devices, or by those who run this site."
	case "PASSWORD_CHANGED":
		return "You were logged out because your password was changed on another device."
	case "TOO_MANY":
		return "You were logged out because your account is logged in on very many devices: the one that was not used for longest is logged out."
	}
	return ""
}

// Ending says how a session ended, to somebody who has another one by now. The reason is "" where it was a logout.
func Ending(reason session.Reason) string {
	switch reason {
	case "", session.ReasonLoggedOut:
		return "You logged out."
	case session.ReasonTokenReused:
		return "An old key to it was used again, which may mean that somebody copied it."
	case session.ReasonNoToken, session.ReasonUnknownToken:
		return "Its cookie was gone."
	}
	if s := sentence(string(reason)); s != "" {
		return s
	}
	return "The server ended it."
}

// device names a browser and its system in the words of its User-Agent, as a person would.
func device(userAgent string) string {
	browser, system := "", ""
	// The order matters: browsers name those before them in this list too.
	for _, b := range []struct{ mark, name string }{
		{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(userAgent, b.mark) {
			browser = b.name
			break
		}
	}
	for _, s := range []struct{ mark, name string }{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(userAgent, s.mark) {
			system = s.name
			break
		}
	}
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	case userAgent == "":
		return "Unknown program"
	}
	name, _, _ := strings.Cut(userAgent, " ")
	const most = 60
	if len(name) > most {
		name = name[:most]
	}
	return strings.ToValidUTF8(name, "")
}
