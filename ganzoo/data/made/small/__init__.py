"""Small data sets that are drawn on the spot, one for each kind of data: see `fields`."""
