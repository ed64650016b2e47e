"""A transparency log in the formats of C2SP, by itself: no database, nothing of the service above it."""
