"""What is broken: for each check of the kit some variants, sets, losses and parts that fail it."""
