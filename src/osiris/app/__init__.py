"""The use cases, declared once."""
