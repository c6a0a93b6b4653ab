"""The ways of running an iteration: eagerly, compiled, or as one captured graph."""
