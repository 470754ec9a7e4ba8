"""Contracts that every component inherits."""
