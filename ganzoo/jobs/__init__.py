"""Commands of ganzoo that others run: processes of this machine, or jobs of many."""
