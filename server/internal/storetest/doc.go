// Package storetest is the suite that every store must pass, whatever engine it is on. It holds a store to the
// contract written at auth.Store and blog.Store.
//
// Call [Run] from a test of the store.
package storetest
