// An access token of the running server, verified with jose as another service would: by the published keys alone.
import * as jose from "jose";
import { address, conclude, logIn, site, table } from "./site.mjs";

const keys = jose.createRemoteJWKSet(new URL(address("/.well-known/jwks.json")));
// What RFC 9068 §4 has a service check.
const rules = {
  algorithms: ["EdDSA"], typ: "at+jwt", issuer: site.url, audience: site.url + "/graphql",
  requiredClaims: ["sub", "sid", "jti", "iat", "exp", "client_id", "gen"],
};

const { accessToken } = await logIn();
const [header, payload, signature] = accessToken.split(".");
const claims = jose.decodeJwt(accessToken);
const { kid } = jose.decodeProtectedHeader(accessToken);
const base64 = (value) => jose.base64url.encode(JSON.stringify(value));
const flipped = jose.base64url.decode(signature);
flipped[0] ^= 1;
const stranger = await jose.generateKeyPair("EdDSA", { crv: "Ed25519" });
const forged = await new jose.SignJWT(claims).setProtectedHeader({ alg: "EdDSA", typ: "at+jwt", kid }).sign(stranger.privateKey);
const shared = new TextEncoder().encode(kid);

const cases = [
  { name: "as it came", token: accessToken },
  { name: "another user in it", token: [header, base64({ ...claims, sub: "somebody else" }), signature].join("."), refused: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" },
  { name: "a longer life", token: [header, base64({ ...claims, exp: claims.exp + 3600 }), signature].join("."), refused: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" },
  { name: "one bit of the signature", token: [header, payload, jose.base64url.encode(flipped)].join("."), refused: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" },
  { name: "signed by a stranger's key", token: forged, refused: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" },
  { name: "not signed", token: new jose.UnsecuredJWT(claims).encode(), refused: "ERR_JOSE_ALG_NOT_ALLOWED" },
  { name: "signed with the key's name", token: await new jose.SignJWT(claims).setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid }).sign(shared), refused: "ERR_JOSE_ALG_NOT_ALLOWED" },
  { name: "as an ID token", token: accessToken, rules: { typ: "JWT" }, refused: "ERR_JWT_CLAIM_VALIDATION_FAILED" },
  { name: "of another issuer", token: accessToken, rules: { issuer: "https://elsewhere.example" }, refused: "ERR_JWT_CLAIM_VALIDATION_FAILED" },
  { name: "for another audience", token: accessToken, rules: { audience: "https://elsewhere.example" }, refused: "ERR_JWT_CLAIM_VALIDATION_FAILED" },
  { name: "a second after its end", token: accessToken, rules: { currentDate: new Date((claims.exp + 1) * 1000) }, refused: "ERR_JWT_EXPIRED" },
];

const findings = [];
const rows = [["access token", "jose says"]];
for (const { name, token, rules: other, refused } of cases) {
  const code = await jose.jwtVerify(token, keys, { ...rules, ...other }).then(() => undefined, (error) => error.code ?? String(error));
  rows.push([name, code ?? "verified"]);
  if (code !== refused) findings.push(`${name}: ${code ?? "verified"}, and not ${refused ?? "verified"}`);
}
table(rows);
conclude(findings);
