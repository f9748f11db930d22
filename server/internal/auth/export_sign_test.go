package auth

import (
	"context"
	"maps"

	"github.com/golang-jwt/jwt/v5"
)

var testContext = context.Background()

func signForTest(k *keyring, header map[string]any, claims map[string]any) string {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims(claims))
	t.Header["typ"], t.Header["kid"] = accessTokenType, k.kid
	maps.Copy(t.Header, header)
	signed, err := t.SignedString(k.private)
	if err != nil {
		panic(err)
	}
	return signed
}
