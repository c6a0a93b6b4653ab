"""What is known of evaluations before a training begins."""
