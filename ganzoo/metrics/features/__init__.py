"""Networks that images are looked at through."""
