"""What `benchmarks/gpu.sh` does: steps in processes of their own, and a page of what they found.

Nothing here but the steps needs a package, so that there is a page whatever the machine lacks.
"""
