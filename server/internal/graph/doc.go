// Package graph is the GraphQL API over HTTP: schema.graphql, the executor generated from it, and resolvers
// that do nothing but translate between the wire and the domain packages auth and blog.
//
// Call [New] for the handler of POST /graphql. One request goes through it like this:
//
//	method, media type, size, JSON ─▶ Bearer ─▶ cookies into the context ─▶ syntax, limits ─▶ resolver
//	 405       415      413    400     401                                       422             │
//	                                                                                             ▼
//	      answer ◀─ its size ◀─ error code and reason from the table in errors.go ◀─ auth, blog ──┘
//	                422, 429
//
// Reading, validating and weighing a request take time and memory in proportion to its size (prepare.go). The answer is
// bounded while it is made (package answer).
//
// The refresh cookie is read and written here and nowhere else ([CookieName]).
package graph

//go:generate go tool gqlgen generate --config gqlgen.yml
