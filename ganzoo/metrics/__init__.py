"""What `evaluate` measures: formulas of tensors, and what turns a run into tensors."""
