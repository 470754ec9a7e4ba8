"""One pass a file: a draft in, a longer draft out."""
