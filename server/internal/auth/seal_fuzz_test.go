package auth

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzSeal opens what was never sealed: it fails, or gives the one token that was sealed to the one who may have it.
func FuzzSeal(f *testing.F) {
	const session, generation = "a session", 7
	// Of every process that fuzzes, so that the seeds mean the same to each.
	predecessor, next := [secretSize]byte{1, 2, 3}, refreshToken{id: "the successor", secret: [secretSize]byte{4, 5, 6}}
	hash := next.hash()
	row := func(session string, generation int64, hash []byte) Token {
		return Token{ID: next.id, SessionID: session, Generation: generation, Hash: hash}
	}
	sealed, err := seal(predecessor, next, session, generation)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, predecessor[:], session, int64(generation), hash[:])
	f.Add(sealed[:len(sealed)-1], predecessor[:], session, int64(generation), hash[:])
	f.Add(sealed, predecessor[:], "another session", int64(generation), hash[:])
	f.Add(sealed, predecessor[:], session, int64(generation+1), hash[:])
	f.Add(sealed, next.secret[:], session, int64(generation), hash[:])
	f.Add(sealed, predecessor[:], session, int64(generation), []byte(nil))
	f.Add([]byte(nil), []byte(nil), "", int64(0), []byte(nil))
	f.Fuzz(func(t *testing.T, text, secret []byte, inSession string, number int64, rowHash []byte) {
		var who [secretSize]byte
		copy(who[:], secret)
		for _, r := range []Token{row(inSession, number, rowHash), row(session, generation, hash[:])} {
			got, err := unseal(who, text, r)
			switch {
			case err != nil && !errors.Is(err, errChain):
				t.Errorf("error %v, want %v", err, errChain)
			case err == nil && (got != next || who != predecessor || r.SessionID != session || r.Generation != generation || !bytes.Equal(r.Hash, hash[:])):
				t.Error("opened for another one")
			case err == nil && !bytes.Equal(text, sealed) && len(text) != len(sealed):
				t.Error("what was not sealed was opened")
			}
		}
	})
}
