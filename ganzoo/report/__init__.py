"""A page about runs that one file holds: it needs no network, no server and no ganzoo."""
