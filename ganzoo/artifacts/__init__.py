"""What is written for people: pictures, and files that are there whole or not at all."""
