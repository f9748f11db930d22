package session

import "net/http"

// cookies carries the refresh cookie on the authentication operations, and on nothing else. It does what
// http.Client does with its Jar, but below the typed errors: a refusal, too, can clear a cookie.
type cookies struct {
	jar  http.CookieJar
	base http.RoundTripper
}

func (c cookies) RoundTrip(req *http.Request) (*http.Response, error) {
	req = withOwnHeader(req)
	for _, cookie := range c.jar.Cookies(req.URL) {
		req.AddCookie(cookie)
	}
	resp, err := c.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if set := resp.Cookies(); len(set) > 0 {
		c.jar.SetCookies(req.URL, set)
	}
	return resp, nil
}

// withOwnHeader returns a copy of req whose header may be changed: a RoundTripper does not touch its caller's.
func withOwnHeader(req *http.Request) *http.Request {
	header := req.Header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	req = req.WithContext(req.Context())
	req.Header = header
	return req
}
