"""Many trainings at once: settings that are tried, each with several seeds."""
