"""Files of the user's: which there are, what is in them, how they are split and labelled."""
