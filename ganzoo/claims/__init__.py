"""What a plugin's papers claim, as data beside its code, and whether it holds here."""
