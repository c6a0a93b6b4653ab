"""What moves the parameters of a player."""
