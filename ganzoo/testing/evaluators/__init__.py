"""What an evaluator must do."""
