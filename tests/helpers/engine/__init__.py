"""What tests of the engine use: engines of toys, other processes, and what stands in for CUDA."""
