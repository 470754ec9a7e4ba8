"""From events to memory."""
