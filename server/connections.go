package main

// What the process needs file descriptors for beside connections: the database and its files, listeners, certificates,
// the list of breached passwords, and connections that are closed as soon as they are accepted.
const descriptorsBeside = 128

const (
	mostConnections  = 8192 // by default: idle ones of HTTPS take 25 kB each, and 60 kB until the handshake is collected
	adminConnections = 32
)

// connectionLimit returns how many connections may be open at once: as the flag says, or as the limit of open files
// allows. files is that limit, 0 where it is not known.
func connectionLimit(flag, files int) (int, error) {
	room := max(files-descriptorsBeside, files/2)
	switch {
	case flag < 0:
		return 0, usagef("--connections=%d: give 0 for as many as the limit of open files allows, 8192 at most, or a number above it", flag)
	case flag > 0 && files > 0 && flag > room:
		return 0, usagef("--connections=%d: the limit of open files is %d (ulimit -n), which leaves room for %d", flag, files, room)
	case flag > 0:
		return flag, nil
	case files == 0:
		return mostConnections, nil
	}
	return min(room, mostConnections), nil
}
