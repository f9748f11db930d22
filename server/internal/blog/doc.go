// Package blog is the demo resource that logging in protects: posts that only their author sees. It stands for the
// application that a user of Latchkey puts in its place, and imports nothing of Latchkey.
//
// Start with [New]; the store package has a [Store].
package blog
