"""Messages come from rooms that know no commands: here it is said whose flag one of them names."""

import re

from ganzoo.cli import MODULES, find_command

_TOLD = re.compile(r"`[^`]*`|'--[^']*'")
"""Parts of a message that name a command themselves, or quote the user."""
_FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?![\w-])")
_VARIANTS_OWN = "train", "sweep", "sample", "walk"
"""Commands that take, besides their own, flags that a variant has for them."""
_FOREIGN = frozenset({"--help", "--no-python", "--nproc-per-node", "--version"})


def bare_flags(message: str) -> list[str]:
    """The flags that a message names without their command, each once."""
    found = _FLAG.findall(_TOLD.sub("", message))
    return [flag for flag in dict.fromkeys(found) if flag not in _FOREIGN]


def flags_of(command: str) -> set[str]:
    """The flags of a command, those of a variant's own settings aside."""
    params = find_command(command).params
    return {option for param in params for option in (*param.opts, *param.secondary_opts)}


def with_owners(message: str, command: str) -> str:
    """A message, with the owner of each flag that the command lacks.

    Args:
        message: for the user.
        command: that prints it. What no command has is a setting of a variant, which ``train``
            takes as a flag.
    """
    notes = []
    for flag in bare_flags(message):
        owner = next((name for name in MODULES if flag in flags_of(name)), None)
        own = flag in flags_of(command) or (owner is None and command in _VARIANTS_OWN)
        if not own:
            notes.append(f"{flag} is a flag of `ganzoo {owner or 'train'}`")
    return f"{message} ({', '.join(notes)})" if notes else message
