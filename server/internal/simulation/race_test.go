//go:build race

package simulation

// raceEnabled: everything takes many times as long.
const raceEnabled = true
