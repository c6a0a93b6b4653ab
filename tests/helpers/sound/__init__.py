"""Sound variants, which all checks of the kit pass: a plain one, and some that are unusual."""
