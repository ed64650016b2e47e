"""The files people use, as pure writers and readers: rows in, bytes out, and a filled-in sheet read cell by cell."""
