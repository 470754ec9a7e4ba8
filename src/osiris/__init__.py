"""Osiris: the compiler for AI-authored data pipelines."""

__version__ = "0.6.0.dev0"
