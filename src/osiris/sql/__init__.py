"""What a statement means, per dialect, over syntax trees."""
