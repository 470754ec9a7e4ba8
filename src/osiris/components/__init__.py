"""The connectors: found by entry point, imported by nobody."""
