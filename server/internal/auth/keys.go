package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// keyring holds the key pairs of the database: the newest signs, all verify.
type keyring struct {
	kid     string // of the newest
	private ed25519.PrivateKey
	public  map[string]ed25519.PublicKey // by kid
	jwks    []byte
	subject []byte // the key under which addresses stand in the table of failed logins
}

// loadKeys reads the key pairs, and makes the first one where there is none.
func loadKeys(ctx context.Context, store Store) (*keyring, error) {
	fresh := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(fresh); err != nil {
		return nil, err
	}
	seeds, err := store.SigningKeys(ctx, fresh)
	if err != nil {
		return nil, fmt.Errorf("load the signing keys: %w", err)
	}
	if len(seeds) == 0 {
		return nil, errors.New("load the signing keys: the store has none")
	}
	k := &keyring{public: map[string]ed25519.PublicKey{}}
	if k.subject, err = hkdf.Key(sha256.New, seeds[0], nil, "latchkey failed logins v1", 32); err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	var set struct {
		Keys []jwk `json:"keys"`
	}
	for _, seed := range seeds {
		if len(seed) != ed25519.SeedSize {
			return nil, errors.New("load the signing keys: one is not an Ed25519 seed")
		}
		k.private = ed25519.NewKeyFromSeed(seed)
		j := newJWK(k.private.Public().(ed25519.PublicKey))
		k.kid = j.Kid
		k.public[j.Kid] = k.private.Public().(ed25519.PublicKey)
		set.Keys = append(set.Keys, j)
	}
	k.jwks, err = json.Marshal(set)
	return k, err
}

// jwk is a public key in JSON (RFC 7517, and RFC 8037 for its kind).
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Kid string `json:"kid"`
	Use string `json:"use"`
	Alg string `json:"alg"`
}

// newJWK names the key by its thumbprint (RFC 7638, RFC 8037 appendix A.3), so that every process names it alike.
func newJWK(public ed25519.PublicKey) jwk {
	x := base64.RawURLEncoding.EncodeToString(public)
	thumbprint := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return jwk{
		Kty: "OKP", Crv: "Ed25519", X: x, Use: "sig", Alg: "EdDSA",
		Kid: base64.RawURLEncoding.EncodeToString(thumbprint[:]),
	}
}

// JWKS returns the public keys that verify access tokens, as a JSON Web Key Set (RFC 7517).
func (s *Service) JWKS() []byte { return s.keys.jwks }
