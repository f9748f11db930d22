package hub

// Slept is for the tests.
var Slept = slept
