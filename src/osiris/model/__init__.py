"""The words: values that travel between rooms."""
