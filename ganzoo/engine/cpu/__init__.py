"""What makes a CPU fast, and its results the same each time."""
