"""Measures of sets of images."""
