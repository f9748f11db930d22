package breached_test

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/latchkey/server/internal/breached"
)

func hashOf(password string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(password))) }

// fileOf writes the hashes of passwords as the downloader does.
func fileOf(end string, counted bool, passwords ...string) string {
	lines := []string{}
	for i, p := range passwords {
		line := hashOf(p)
		if counted {
			line += fmt.Sprint(":", i*i+1)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, end)
}

// many returns so many passwords, in the order of their hashes.
func many(n int) []string {
	of := map[string]string{}
	for i := range n {
		p := fmt.Sprint("password ", i)
		of[hashOf(p)] = p
	}
	list := []string{}
	for _, h := range slices.Sorted(maps.Keys(of)) {
		list = append(list, of[h])
	}
	return list
}

func open(text string) (*breached.List, error) {
	return breached.New(strings.NewReader(text), int64(len(text)))
}

func TestHas(t *testing.T) {
	five, lots := many(5), many(5000)
	for _, row := range []struct {
		name string
		text string
		all  []string
	}{
		{"one", fileOf("\n", true, "x"), []string{"x"}},
		{"one, with an end", fileOf("\n", true, "x") + "\n", []string{"x"}},
		{"one, without a count", fileOf("\n", false, "x"), []string{"x"}},
		{"two", fileOf("\n", true, five[:2]...), five[:2]},
		{"five", fileOf("\n", true, five...) + "\n", five},
		{"five, CRLF", fileOf("\r\n", true, five...) + "\r\n", five},
		{"five, in small letters", strings.ToLower(fileOf("\n", false, five...)), five},
		{"many", fileOf("\n", true, lots...) + "\n", lots},
		{"many, CRLF", fileOf("\r\n", true, lots...) + "\r\n", lots},
		{"many, no end", fileOf("\n", true, lots...), lots},
		{"many, CRLF, no end", fileOf("\r\n", true, lots...), lots},
		{"many, without counts", fileOf("\n", false, lots...) + "\n", lots},
	} {
		t.Run(row.name, func(t *testing.T) {
			l, err := open(row.text)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range row.all { // the first and the last, and all that are between
				if has, err := l.Has(p); !has || err != nil {
					t.Fatalf("%q, %s: %v, %v", p, hashOf(p), has, err)
				}
			}
			for i := range 300 { // among them what comes before the first, and behind the last
				if has, err := l.Has(fmt.Sprint("absent ", i)); has || err != nil {
					t.Fatalf("%q: %v, %v", fmt.Sprint("absent ", i), has, err)
				}
			}
		})
	}
}

// Whatever is on the list, what it has is what a map has: of parts of a fixed list, whose least and greatest are asked
// for where they were left out.
func TestHasWhatAMapHas(t *testing.T) {
	all := many(400)
	rapid.Check(t, func(t *rapid.T) {
		in := map[string]bool{}
		from := rapid.IntRange(0, len(all)-1).Draw(t, "from")
		to := rapid.IntRange(from, len(all)-1).Draw(t, "to")
		for _, p := range all[from : to+1] {
			in[p] = true
		}
		for range rapid.IntRange(0, 5).Draw(t, "holes") {
			delete(in, all[rapid.IntRange(0, len(all)-1).Draw(t, "hole")])
		}
		if len(in) == 0 {
			return
		}
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end of line")
		text := fileOf(end, rapid.Bool().Draw(t, "counted"), slices.Collect(maps.Keys(in))...)
		if rapid.Bool().Draw(t, "ended") {
			text += end
		}
		l, err := open(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if has, err := l.Has(p); has != in[p] || err != nil {
				t.Fatalf("%q: %v, %v", p, has, err)
			}
		}
	})
}

func TestFilesThatAreNone(t *testing.T) {
	lots := many(5000)
	good := fileOf("\n", true, lots...)
	for _, row := range []struct {
		name, text string
		want       error
	}{
		{"empty", "", breached.ErrEmpty},
		{"a line break", "\n", breached.ErrFormat},
		{"passwords", "123456\npassword\n", breached.ErrFormat},
		{"NTLM hashes", "32ED87BDB5FDC5E9CBA88547376818D4:24230577\n", breached.ErrFormat},
		{"no hexadecimal", strings.Repeat("G", 40), breached.ErrFormat},
		{"SHA-256", strings.Repeat("A", 64), breached.ErrFormat},
		{"no count", hashOf("x") + ":\n", breached.ErrFormat},
		{"a count that is none", hashOf("x") + ":many\n", breached.ErrFormat},
		{"an empty line at the end", hashOf("x") + "\n\n", breached.ErrFormat},
		{"two, the wrong way round", hashOf(lots[1]) + "\n" + hashOf(lots[0]) + "\n", breached.ErrOrder},
		{"many, by something else", strings.Join(backwards(strings.Split(good, "\n")), "\n"), breached.ErrOrder},
		{"many, without line breaks", strings.ReplaceAll(good, "\n", " "), breached.ErrFormat},
		{"zeros", strings.Repeat("\x00", 10_000), breached.ErrFormat},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := open(row.text); !errors.Is(err, row.want) {
				t.Errorf("error %v, want %v", err, row.want)
			}
		})
	}
}

func backwards(list []string) []string {
	slices.Reverse(list)
	return list
}

// A file that cannot be read any more is not one without the password.
func TestFilesThatFail(t *testing.T) {
	lots := many(5000)
	good := []byte(fileOf("\n", true, lots...))
	file := &failing{ReaderAt: bytes.NewReader(good)}
	l, err := breached.New(file, int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	file.err = errors.New("input/output error")
	if has, err := l.Has(lots[7]); has || !errors.Is(err, file.err) {
		t.Errorf("that cannot be read: %v, %v", has, err)
	}
	file.err = nil
	file.ReaderAt = bytes.NewReader(good[:100])
	if has, err := l.Has(lots[4900]); has || err == nil {
		t.Errorf("that was cut: %v, %v", has, err)
	}
	file.ReaderAt = bytes.NewReader(bytes.Repeat([]byte("x\n"), len(good)))
	if has, err := l.Has(lots[7]); has || !errors.Is(err, breached.ErrFormat) {
		t.Errorf("that was overwritten: %v, %v", has, err)
	}
}

type failing struct {
	io.ReaderAt
	err error
}

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(p, off)
}

// A question costs a few short reads, however large the file is.
func TestLittleIsRead(t *testing.T) {
	lots := many(30_000)
	good := fileOf("\n", true, lots...)
	file := &counting{ReaderAt: strings.NewReader(good)}
	l, err := breached.New(file, int64(len(good)))
	if err != nil {
		t.Fatal(err)
	}
	file.bytes = 0
	if has, err := l.Has(lots[777]); !has || err != nil {
		t.Errorf("%v, %v", has, err)
	}
	if most := 4096 + 11*128; file.bytes > most { // 1.5 MB are halved so often until 4 kB are left
		t.Errorf("%d bytes are read, want at most %d", file.bytes, most)
	}
}

type counting struct {
	io.ReaderAt
	bytes int
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += len(p)
	return c.ReaderAt.ReadAt(p, off)
}

// FuzzList looks for bytes that make it panic, or find what is not there.
func FuzzList(f *testing.F) {
	f.Add([]byte(fileOf("\n", true, many(3)...)), "password 1")
	f.Add([]byte(fileOf("\r\n", false, many(200)...)), "password 100")
	f.Add([]byte(strings.Repeat("\n", 9000)), "x")
	f.Fuzz(func(t *testing.T, text []byte, password string) {
		l, err := breached.New(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		has, err := l.Has(password)
		if there := bytes.Contains(bytes.ToUpper(text), []byte(hashOf(password))); has && (!there || err != nil) {
			t.Errorf("it has %q: %v", password, err)
		}
	})
}
