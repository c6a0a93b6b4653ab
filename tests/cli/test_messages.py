"""No message names a flag as if the command that prints it had it, and it does not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ganzoo
from ganzoo.cli import MODULES
from ganzoo.cli.owners import bare_flags, flags_of, with_owners
from ganzoo.config import options
from ganzoo.plugins.registry import registry

CORE = Path(ganzoo.__file__).parent
PLUGINS = CORE.parent / "plugins"
NO_MESSAGES = ("bench/speed/report.py", "plugins/discovery.py", "plugins/registered.py")
"""Files with flags of git and pip."""
INSTALLED = {re.split(r"[.:]", row.spec.target)[0] for row in registry().variants()}
FILES = [
    path
    for path in [
        *CORE.rglob("*.py"),
        *(file for name in INSTALLED for file in PLUGINS.glob(f"*/{name}/**/*.py")),
    ]
    if not str(path).endswith(NO_MESSAGES)
]


def texts(file: Path) -> Iterator[str]:
    """All strings of a file but its docstrings; what a message is filled in with is a dot."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    spoken = [node for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)]
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in spoken if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in spoken:
        if id(node) in said | parts:
            continue
        pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
        whole = "".join(str(p.value) if isinstance(p, ast.Constant) else "·" for p in pieces)
        if bare_flags(whole):
            yield whole


MESSAGES = {file: [*texts(file)] for file in FILES}


@pytest.fixture(scope="module")
def settings() -> set[str]:
    """The flags of all variants that are here."""
    variants = [row.load() for row in registry().variants()]
    configs = [cls.Config for cls in variants] + [cls.Sampling for cls in variants if cls.Sampling]
    return {option.flag for config in configs for option in options(config).values()}


def test_every_flag_that_a_message_names_is_there(settings: set[str]) -> None:
    known = settings.union(*map(flags_of, MODULES))
    known |= {flag.replace("--", "--no-", 1) for flag in known}
    for file, messages in MESSAGES.items():
        for message in messages:
            for flag in bare_flags(message):
                partial = flag.endswith("-") or f"{flag}·" in message  # the rest is filled in
                assert flag in known or partial, f"{file}: {message}"


@pytest.mark.parametrize("command", MODULES)
def test_a_commands_own_messages_name_its_own_flags(command: str) -> None:
    file = CORE.joinpath("cli", "commands", *MODULES[command].split(".")).with_suffix(".py")
    for message in MESSAGES[file]:
        if message.startswith(("Example: ", "--", "ganzoo ")) or re.match(
            r"\w[\w+ -]* --", message
        ):
            continue  # an example, which names its command, or the declaration of a flag
        told = with_owners(message, command)
        of_train = command == "recommend" or "of a training with" in message  # and it says so
        assert told == message or of_train, told


@pytest.mark.parametrize("command", MODULES)
def test_whose_a_flag_is_that_the_command_lacks_is_said(command: str) -> None:
    for messages in MESSAGES.values():
        for message in messages:
            told = with_owners(message, command)
            for flag in bare_flags(message):
                owner = re.search(rf"{flag} is a flag of `ganzoo (\w+)`", told)
                if flag in flags_of(command):
                    assert owner is None, told
                elif owner is not None:
                    others = [name for name in MODULES if flag in flags_of(name)]
                    assert owner[1] in (others or ["train"]), told
                else:
                    assert command in ("train", "sweep", "sample", "walk"), told


def test_what_names_its_command_itself_and_what_quotes_the_user_is_left_alone() -> None:
    for message in (
        "go on with `ganzoo train --resume x --steps 3`",
        "there is no option '--image-size'",
        "leave out --data-root",
    ):
        assert with_owners(message, "evaluate") == message
    assert with_owners("choose another --image-size", "evaluate") == (
        "choose another --image-size (--image-size is a flag of `ganzoo train`)"
    )
    assert with_owners("use --metrics recall", "train") == (
        "use --metrics recall (--metrics is a flag of `ganzoo evaluate`)"
    )
    assert with_owners("another --loss", "evaluate") == (
        "another --loss (--loss is a flag of `ganzoo train`)"
    )
    assert with_owners("another --loss", "train") == "another --loss"
