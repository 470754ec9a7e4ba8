"""Runs as pages for people: one file each, which needs nothing else."""
