"""How good, over several seeds."""
