"""The steps, each a module that is run in a process of its own, and what they have in common."""
