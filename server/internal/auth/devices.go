package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// A device cookie says that its browser has logged in to an account before. It is no session and answers nothing: failed
// logins from such a browser have a count of their own, so strangers who guess do not lock it out (OWASP, "Slow Down
// Online Guessing Attacks with Device Cookies"). A stolen one buys Config.LoginAttempts guesses in failureWindow beyond
// those of a stranger.
//
// One cookie holds an entry for each of the last mostDevices accounts, one after the other, the newest first. A browser
// gets an entry when it logs in or signs up, and when a session of its refreshes without one. An entry is not kept in the
// database. Its tag binds it to the account:
//
//	nonce       made        tag
//	14 bytes    6, in ms    16: HMAC-SHA256 of the account's id and the rest, cut
//
// The nonce comes from the session and not from a random source. So a session has one, however often it refreshes without
// a cookie: each nonce has its own count of guesses.
const (
	// DeviceLife is how long a browser is known after it got its entry.
	DeviceLife = 180 * 24 * time.Hour

	mostDevices       = 4 // accounts that a browser is known to
	mostDeviceCookies = 2 // cookies of one request that are read
	nonceSize         = 14
	deviceSize        = nonceSize + madeSize + tagSize // a multiple of 3: base64 leaves no bits over
	deviceLen         = deviceSize / 3 * 4             // characters
)

// device is an entry of a device cookie.
type device struct {
	nonce [nonceSize]byte
	made  time.Time
	tag   [tagSize]byte
}

// devices makes and knows device cookies by the key. Without a key it knows none: under no key anybody could make them.
type devices struct{ key []byte }

func (s *Service) devices() devices { return devices{s.keys.mac(KeyDevices)} }

// of returns the entry of the account's new session.
func (d devices) of(userID, sessionID string, now time.Time) device {
	entry := device{made: now}
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte("latchkey device nonce v1 " + sessionID))
	copy(entry.nonce[:], mac.Sum(nil))
	entry.tag = d.tag(entry, userID)
	return entry
}

// tag authenticates an entry and binds it to the account.
func (d devices) tag(entry device, userID string) (tag [tagSize]byte) {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte("latchkey device tag v1 ")) // of fixed length, as the nonce and the time are
	mac.Write(appendMillis(entry.nonce[:nonceSize:nonceSize], entry.made))
	mac.Write([]byte(userID))
	copy(tag[:], mac.Sum(nil))
	return tag
}

// known returns the nonce of the account's entry in hexadecimal, or "" where the visitor has none that is good. It does
// the same work for every account, whether it exists or not.
func (d devices) known(v Visitor, userID string, now time.Time) string {
	found := ""
	for _, entry := range parseDevices(v) {
		tag := d.tag(entry, userID)
		if hmac.Equal(tag[:], entry.tag[:]) && len(d.key) == keySize && entry.fresh(now) && found == "" {
			found = hex.EncodeToString(entry.nonce[:])
		}
	}
	return found
}

// deviceCheck is what a device cookie was checked by.
type deviceCheck struct {
	key            [keySize]byte
	userID, cookie string
}

// recheckDevice is how long a device cookie counts as good after it was checked. Its own end may come a little earlier.
const recheckDevice = time.Hour

// remembersDevice reports whether the visitor's device cookie is good for the account, for a refresh. It remembers good
// cookies, because the check takes a MAC for each entry. Logins check the cookie each time, by known: their work must not
// depend on the account.
func (s *Service) remembersDevice(v Visitor, userID string, now time.Time) bool {
	d := s.devices()
	if len(v.Devices) != 1 || len(d.key) != keySize {
		return d.known(v, userID, now) != ""
	}
	check := deviceCheck{[keySize]byte(d.key), userID, v.Devices[0]}
	if until, ok := s.browsers.get(check); ok && now.Before(until) {
		return true
	}
	if d.known(v, userID, now) == "" {
		return false
	}
	check.cookie = strings.Clone(check.cookie) // the header around it is longer
	s.browsers.put(check, now.Add(recheckDevice))
	return true
}

// with returns the visitor's device cookie with an entry for the account's session in front. It replaces the account's
// other entries.
func (d devices) with(v Visitor, userID, sessionID string, now time.Time) string {
	entries := slices.DeleteFunc(parseDevices(v), func(entry device) bool {
		return !entry.fresh(now) || entry.tag == d.tag(entry, userID)
	})
	entries = append([]device{d.of(userID, sessionID, now)}, entries...)
	var text strings.Builder
	for _, entry := range entries[:min(len(entries), mostDevices)] {
		text.WriteString(entry.String())
	}
	return text.String()
}

func (e device) fresh(now time.Time) bool { return now.Sub(e.made) < DeviceLife }

// String returns the entry as it stands in the cookie.
func (e device) String() string {
	b := appendMillis(e.nonce[:nonceSize:nonceSize], e.made)
	return tokenEncoding.EncodeToString(append(b, e.tag[:]...))
}

// parseDevices reads the well-formed entries of a visitor's device cookies, in order. It reads a bounded number of bytes.
func parseDevices(v Visitor) []device {
	var entries []device
	for _, text := range v.Devices[:min(len(v.Devices), mostDeviceCookies)] {
		if len(text)%deviceLen != 0 || len(text) > mostDevices*deviceLen {
			continue
		}
		for ; text != ""; text = text[deviceLen:] {
			var b [deviceSize]byte
			if !decode(b[:], text[:deviceLen]) {
				continue
			}
			entry := device{made: millisOf(b[nonceSize : nonceSize+madeSize])}
			copy(entry.nonce[:], b[:])
			copy(entry.tag[:], b[nonceSize+madeSize:])
			entries = append(entries, entry)
		}
	}
	return entries
}
