// Package route holds every route of the server and what stands before them, in one function to read ([Handler]),
// and the HTTP server that it runs in ([Server]).
//
//	connection ─▶ Connections: of one network, and in all
//	           ─▶ Server: least pace of bodies and answers, headers on net/http's own answers too
//	           ─▶ request id ─▶ baseline headers ─▶ the visitor's address ─▶ not all at once
//	           ─▶ no service worker ─▶ no cross-site change ─▶ no packed body ─▶ router
//	                                                                               │
//	     /graphql ◀─ pages ◀─ /assets/, worker's script ◀─ health, readiness, keys ◀─┘
//
// Every phase of a connection has limits of bytes, time and number: the table is in server/OPERATING.md, "Limits".
//
// Headers are set before the router and not by its middleware, which does not see what the router answers itself.
package route
