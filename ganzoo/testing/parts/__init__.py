"""The checks of regularisers and augmentations."""
