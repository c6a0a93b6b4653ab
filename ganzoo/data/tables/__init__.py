"""What cells and columns of tables mean, whichever source reads them."""
