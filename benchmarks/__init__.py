"""How fast and how frugal Osiris is, beside the fastest known way to do the same."""
