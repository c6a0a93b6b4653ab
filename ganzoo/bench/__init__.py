"""How fast a variant trains, beside two loops that play the same game.

`compare` is what the command runs: it starts a process for each contestant (`contestant`), lets
them take turns, and makes a row of each. The contestants are the engine in its modes (`ours`), a
script as people copy it (`typical`), and a loop by somebody who cares (`careful`).
"""
