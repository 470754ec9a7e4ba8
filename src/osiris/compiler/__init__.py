"""From OML to a manifest."""
