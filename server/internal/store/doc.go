// Package store keeps everything in one SQL database: it is the auth.Store and the blog.Store of the server.
//
// Start with [Open]. There is one text of SQL for every engine; what differs between them is in dialect.go. Reads run
// on a pool of connections. Everything that writes goes through one door, Store.write:
//
//	a method ──▶ write(ctx, fn) ──▶ wait for the turn ──▶ begin ──▶ fn: read, decide, write ──▶ commit ──▶ its answer
//	                                    │ ctx ends                    │ error
//	                                    ▼                             ▼
//	                                 nothing done                  roll back
//
// On SQLite there is one turn, that is one writing connection, and a commit is durable when it returns (WAL with
// synchronous=FULL). A disk that is full, or a lock that another process holds for longer than five seconds, is
// auth.ErrUnavailable, and has changed nothing. The database file is created for its owner's eyes alone.
//
// On PostgreSQL the turn is a connection of the pool, and transactions run side by side: what one decides on, it locks.
// One that another undoes (a deadlock) is tried again inside. A database that is away is auth.ErrUnavailable after five
// seconds at most, in words that tell nothing of the connection's URL.
package store
