"""From a job to rows moved."""
