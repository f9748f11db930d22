// Package breached tells passwords that were found in breaches, by a file of their hashes: SHA-1 in hexadecimal, ordered,
// one on a line, with a count behind a colon or without, as the downloader of Have I Been Pwned writes it. Such a file
// has tens of gigabytes: [List] reads a few dozen of its blocks for each question, and keeps nothing.
package breached

import (
	"bytes"
	"crypto/sha1" // #nosec G505 -- the file is made so: it hides nothing here, and nobody gains by a collision
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

const (
	digits  = 2 * sha1.Size
	maxLine = digits + int64(len(":18446744073709551615\r\n"))
	block   = 4096 // bytes that are read through, not searched: what a disk reads at once
	trials  = 16   // lookups that New makes
)

// Why a file is of no use. The errors that wrap them name the place.
var (
	// ErrEmpty says that there is nothing in the file, which would let every password pass.
	ErrEmpty = errors.New("it is empty")
	// ErrFormat says that the file holds something else than hashes.
	ErrFormat = errors.New("it is not a list of SHA-1 hashes in hexadecimal, one on a line")
	// ErrOrder says that the hashes are not in their order, so that one is not found where it should be.
	ErrOrder = errors.New("it is not ordered by hash")
)

type hash [sha1.Size]byte

// List is such a file. Its methods may be called from many goroutines.
type List struct {
	file io.ReaderAt
	size int64
}

// New returns the list that is in the file, of size bytes. It fails where the file cannot be read, or with ErrEmpty,
// ErrFormat or ErrOrder, as far as a few lookups tell.
func New(file io.ReaderAt, size int64) (*List, error) {
	if size <= 0 {
		return nil, ErrEmpty
	}
	l := &List{file, size}
	for i := range trials {
		if _, err := l.find(hash{0: byte(i * 256 / trials)}); err != nil {
			return nil, err
		}
	}
	_, err := l.find(last)
	return l, err
}

// last is the hash that all others come before.
var last = hash(bytes.Repeat([]byte{0xff}, sha1.Size))

// Has reports whether the password, exactly as it is written, is on the list. It fails where the file cannot be read, or
// turns out to be none: then nothing is known of the password.
func (l *List) Has(password string) (bool, error) {
	return l.find(sha1.Sum([]byte(password))) // #nosec G401 -- as the file has it
}

// find searches what may be between two lines, which it halves until there is only a block of it.
func (l *List) find(want hash) (bool, error) {
	from, to := int64(0), l.size // at the starts of lines, or the end
	least, most := hash{}, last  // of what is between them
	for to-from > block {
		x, err := l.lineBehind(from + (to-from)/2)
		if err != nil {
			return false, err
		}
		if x.hash.before(least) || most.before(x.hash) {
			return false, fmt.Errorf("%w at byte %d", ErrOrder, x.start)
		}
		switch {
		case x.hash == want:
			return true, nil
		case want.before(x.hash):
			to, most = x.start, x.hash
		default:
			from, least = x.end, x.hash
		}
	}
	return l.scan(from, to, want, least, most)
}

func (h hash) before(other hash) bool { return bytes.Compare(h[:], other[:]) < 0 }

// scan looks through all lines between two places for a hash.
func (l *List) scan(from, to int64, want, least, most hash) (found bool, err error) {
	text, err := l.read(from, to)
	if err != nil {
		return false, err
	}
	for at := from; len(text) > 0; {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		h, err := parse(line, at)
		if err != nil {
			return false, err
		}
		if h.before(least) || most.before(h) {
			return false, fmt.Errorf("%w at byte %d", ErrOrder, at)
		}
		found = found || h == want
		at += int64(len(text) - len(rest))
		least, text = h, rest
	}
	return found, nil
}

type line struct {
	hash
	start, end int64
}

// lineBehind returns the first line that starts behind a place in the midst of the file.
func (l *List) lineBehind(at int64) (line, error) {
	text, err := l.read(at, min(at+2*maxLine, l.size))
	if err != nil {
		return line{}, err
	}
	cut, rest, ok := bytes.Cut(text, []byte("\n"))
	if !ok {
		return line{}, fmt.Errorf("%w, at byte %d", ErrFormat, at)
	}
	x := line{start: at + int64(len(cut)) + 1}
	one, _, _ := bytes.Cut(rest, []byte("\n"))
	x.hash, err = parse(one, x.start)
	x.end = x.start + int64(len(one)) + 1
	return x, err
}

func (l *List) read(from, to int64) ([]byte, error) {
	text := make([]byte, to-from)
	n, err := l.file.ReadAt(text, from)
	switch {
	case n == len(text):
		return text, nil // whatever else there is to say, as that it was the last of it
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("it ends at byte %d, and had %d", from+int64(n), l.size)
	}
	return nil, err
}

// parse reads a line that starts at a place.
func parse(text []byte, at int64) (h hash, err error) {
	text = bytes.TrimSuffix(text, []byte("\r"))
	count := text[min(digits, len(text)):]
	if len(text) >= digits {
		_, err = hex.Decode(h[:], text[:digits])
	}
	if len(text) < digits || err != nil || len(count) > 0 && !isCount(count) {
		return hash{}, fmt.Errorf("%w, at byte %d", ErrFormat, at)
	}
	return h, nil
}

func isCount(text []byte) bool {
	number, ok := bytes.CutPrefix(text, []byte(":"))
	return ok && len(number) > 0 && len(bytes.Trim(number, "0123456789")) == 0
}
