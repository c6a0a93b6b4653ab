"""What sequences of tokens are measured by."""
