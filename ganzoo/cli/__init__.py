"""The command line: nothing but parsing and presentation, one module a command."""

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import ClassVar, NoReturn

import rich_click as click

from ganzoo.errors import GanzooError, unknown

INTERRUPTED = 130
"""Exit status after Ctrl-C, as a shell has it: 128 + SIGINT."""


class Commands(click.RichGroup):
    """The commands, each of whose modules is imported when it is used."""

    modules: ClassVar = {
        "list": "variants",
        "info": "info",
        "train": "train",
        "sample": "sample",
        "classify": "classify",
        "translate": "translate",
        "runs": "runs",
        "datasets": "datasets",
        "losses": "losses",
    }
    """Where each command is defined, in the order in which a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of `modules`."""
        return [*self.modules]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """What the command's module defines as ``command``."""
        if name not in self.modules:
            return None
        command: click.Command = import_module(f"ganzoo.cli.{self.modules[name]}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for.

        Raises:
            GanzooError: there is none of that name.
        """
        if args[0] not in self.modules and not args[0].startswith("-"):
            raise unknown("command", args[0], self.modules)
        return super().resolve_command(ctx, args)


@click.group("ganzoo", cls=Commands, epilog="Example: ganzoo train dcgan --dataset glyphs")
@click.version_option(package_name="ganzoo-core", message="%(prog)s %(version)s")
def commands() -> None:
    """A zoo of generative adversarial networks: one engine, and each variant a plugin."""


def run(args: Sequence[str]) -> int:
    """Run the command that `args` asks for and return the exit status.

    0: done; 1: a training diverged; 2: bad input; 130: stopped by Ctrl-C. What goes wrong in the
    user's hands is one line on stderr; any other exception is a bug and is left to be seen.
    """
    try:
        status = commands.main([*args] or ["--help"], prog_name="ganzoo", standalone_mode=False)
        sys.stdout.flush()
    except GanzooError as error:
        if error.__cause__ is not None and os.environ.get("GANZOO_STRICT_PLUGINS", "0") != "0":
            traceback.print_exception(error.__cause__)
        return complain(str(error))
    except click.UsageError as error:
        return complain(_sentence(error))
    except (KeyboardInterrupt, click.Abort):
        return complain("interrupted", INTERRUPTED)
    except OSError as error:
        if error.errno != errno.EPIPE:
            raise
        _discard_output()
        return 1
    return status or 0


def main() -> NoReturn:
    """The ``ganzoo`` command."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a stream that the caller has replaced
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


def complain(message: str, status: int = 2) -> int:
    """Print an error as one line on stderr; returns the exit status."""
    label = click.style("ganzoo: error:", fg="red", bold=True)
    click.echo(f"{label} {' '.join(message.split())}", err=True)
    return status


def _sentence(error: click.UsageError) -> str:
    """What click found wrong, in the words of this program."""
    if isinstance(error, click.NoSuchOption):
        problem = f"there is no option '{error.option_name}'"
        if error.possibilities:
            return f"{problem}: did you mean '{error.possibilities[0]}'?"
    else:
        problem = error.format_message().rstrip(".")
        problem = problem[:1].lower() + problem[1:]
    command = error.ctx.command_path if error.ctx else "ganzoo"
    return f"{problem}: see `{command} --help`"


def _discard_output() -> None:
    """Keep the interpreter from complaining about a closed pipe when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
