package auth

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// FuzzSeal opens what was never sealed: it fails, or gives the one token that was sealed to the one who may have it.
func FuzzSeal(f *testing.F) {
	const session, generation = "01890a5d-ac96-774b-bcce-b302099a8057", 7
	tagKey := bytes.Repeat([]byte{7}, tagKeySize)
	// Of every process that fuzzes, so that the seeds mean the same to each.
	predecessor := [secretSize]byte{1, 2, 3}
	next, err := refreshToken{generation: generation, made: time.UnixMilli(8).UTC(), secret: [secretSize]byte{4, 5, 6}}.tagged(tagKey, session)
	if err != nil {
		f.Fatal(err)
	}
	hash := next.hash()
	sealed, err := seal(predecessor, next)
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
		for _, r := range []struct {
			session string
			Token
		}{{inSession, Token{Generation: number, Hash: rowHash}}, {session, Token{Generation: generation, Hash: hash[:]}}} {
			got, err := unseal(who, text, SessionState{ID: r.session, TagKey: tagKey}, r.Token)
			switch {
			case err != nil && !errors.Is(err, errChain):
				t.Errorf("error %v, want %v", err, errChain)
			case err == nil && (got != next || who != predecessor || r.session != session || r.Generation != generation || !bytes.Equal(r.Hash, hash[:])):
				t.Error("opened for another one")
			case err == nil && !bytes.Equal(text, sealed) && len(text) != len(sealed):
				t.Error("what was not sealed was opened")
			}
		}
	})
}
