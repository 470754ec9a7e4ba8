"""The same run, elsewhere: in a child process, or in a sandbox."""
