package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// fileJar keeps the cookies of one API in a file that its owner alone may read. Each use reads the file and each
// change is in it, on the disk, before the next request: a process that is killed does not fall back to a refresh
// token that was used already, and several processes share one session.
type fileJar struct {
	path string
	api  *url.URL

	mu      sync.Mutex
	unsaved []*http.Cookie // what could not be written, which counts then; nil where the file does
	err     error          // why
}

func newFileJar(path, endpoint string) (*fileJar, error) {
	api, err := url.Parse(endpoint)
	if err != nil {
		return nil, errors.New("the endpoint is not a URL")
	}
	j := &fileJar{path: path, api: api}
	_, err = j.load()
	return j, err
}

// Cookies implements http.CookieJar. Which cookie goes where, and until when, is for Go's own jar to say.
func (j *fileJar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	kept, err := j.load()
	if err != nil {
		j.err = err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		j.err = err
		return nil
	}
	jar.SetCookies(j.api, kept)
	return jar.Cookies(u)
}

// SetCookies implements http.CookieJar.
func (j *fileJar) SetCookies(u *url.URL, set []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if u.Host != j.api.Host {
		return
	}
	kept, err := j.load()
	if err != nil {
		j.err = err
	}
	for _, c := range set {
		kept = slices.DeleteFunc(kept, func(old *http.Cookie) bool { return old.Name == c.Name })
		if c.MaxAge < 0 {
			continue // it is cleared
		}
		c := *c
		if c.MaxAge > 0 { // from now, not from when the file is read
			c.Expires, c.MaxAge = time.Now().Add(time.Duration(c.MaxAge)*time.Second), 0
		}
		kept = append(kept, &c)
	}
	j.unsaved, j.err = nil, j.save(kept)
	if j.err != nil {
		j.unsaved = kept
	}
}

// Err returns why cookies could not be read or written: the methods of an http.CookieJar cannot.
func (j *fileJar) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// load is called with mu held, or before there is anyone else.
func (j *fileJar) load() (kept []*http.Cookie, err error) {
	if j.unsaved != nil {
		return slices.Clone(j.unsaved), nil
	}
	text, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("%s is not a cookie jar", j.path) // err might quote it
	}
	return kept, nil
}

// save is called with mu held. The file is the old one or the new one, whole, whatever happens meanwhile.
func (j *fileJar) save(kept []*http.Cookie) error {
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(j.path), ".stay-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), j.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
