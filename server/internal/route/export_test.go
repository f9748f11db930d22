package route

// Forwarded is what the tests see of the inside.
var Forwarded = forwarded
