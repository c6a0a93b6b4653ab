"""How variants are given images that are of another size than theirs, or lack a part."""
