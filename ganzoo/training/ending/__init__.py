"""What ends a training before its last step."""
