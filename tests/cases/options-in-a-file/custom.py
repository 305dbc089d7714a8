"""Options kept in a file."""

static = 1
libc = "musl"
