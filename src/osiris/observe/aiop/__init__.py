"""The AI Operation Package: folds over what a run said."""
