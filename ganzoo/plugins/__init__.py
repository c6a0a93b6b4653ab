"""Finding plugins, and looking up what they offer."""
