"""What points are measured by."""
