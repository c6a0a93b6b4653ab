"""What shows a training while it runs: to a person, and to programs that draw curves."""
