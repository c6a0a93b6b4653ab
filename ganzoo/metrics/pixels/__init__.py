"""What an image is measured by where it is known what it should be."""
