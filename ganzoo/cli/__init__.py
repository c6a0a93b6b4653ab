"""The command line: nothing but parsing and presentation, one module a command."""

import contextlib
import errno
import os
import re
import signal
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click  # rich-click, which draws the help, takes as long again: only help imports it

from ganzoo.artifacts.waiting import senseless_sizes
from ganzoo.errors import GanzooError, shortage

_PLANTED = "libcuda.so.1"
"""What the wheel nvidia-cusparselt looks for in the folder where a program is called."""
_UNPRINTED = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What the system says of output that nobody can take."""
_REFUSED = frozenset(
    {errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.EMFILE}
    | {errno.ENFILE, errno.ESTALE, *_UNPRINTED}
)
"""What the system says of a file that can never be used as it is named, whoever asks for it."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as a shell has it: 128 + SIGINT."""

MODULES = {
    "list": "listing.variants",
    "info": "listing.info",
    "recommend": "recommend",
    "train": "train",
    "sweep": "sweep",
    "sample": "using.sample",
    "walk": "using.walk",
    "project": "using.project",
    "evaluate": "using.evaluate",
    "classify": "using.classify",
    "translate": "using.translate",
    "enlarge": "using.enlarge",
    "restore": "using.restore",
    "reconstruct": "using.reconstruct",
    "runs": "listing.runs",
    "compare": "using.compare",
    "report": "using.report",
    "export": "using.export",
    "datasets": "listing.datasets",
    "losses": "listing.losses",
    "regularisers": "listing.regularisers",
    "augmentations": "listing.augmentations",
    "evaluators": "listing.evaluators",
    "extractors": "listing.extractors",
    "loggers": "listing.loggers",
    "executors": "listing.executors",
    "reproduce": "reproduce",
    "bench": "bench",
    "plugins": "listing.plugins",
    "new": "new",
    "check": "check",
}
"""Where each command is defined, in the order in which a newcomer needs them."""


def find_command(name: str) -> click.Command:
    """What the module of the command `name` defines as ``command``."""
    command: click.Command = import_module(f"ganzoo.cli.commands.{MODULES[name]}").command
    return command


def run(args: Sequence[str]) -> int:
    """Run the command that `args` asks for and return the exit status.

    0: done; 1: a training diverged or collapsed, or a check failed; 2: bad input; 130: stopped by
    Ctrl-C. What goes wrong in the user's hands is one line on stderr; any other exception is a bug
    and is left to be seen.
    """
    try:
        status = _call([*args] or ["--help"])
        sys.stdout.flush()
    except GanzooError as error:
        if error.__cause__ is not None and os.environ.get("GANZOO_STRICT_PLUGINS", "0") != "0":
            import traceback

            traceback.print_exception(error.__cause__)
        return complain(_fitting(str(error), args), error.status)
    except click.UsageError as error:
        return complain(_sentence(error, args))
    except (KeyboardInterrupt, click.Abort) as error:
        said = str(error) or str(error.__context__ or "")
        return complain(f"interrupted: {said}" if said else "interrupted", INTERRUPTED)
    except (MemoryError, RuntimeError, ImportError) as error:
        if not (short := shortage(error)):
            raise
        return complain(short)
    except OSError as error:
        if short := shortage(error):
            return complain(short)
        if error.filename is not None and error.errno in _REFUSED:
            return complain(f"{error.filename} cannot be used ({error.strerror})")
        if error.errno == errno.ENOENT and not _is_somewhere():
            return complain("the folder in which this was called is gone: go to another")
        if error.filename is not None or error.errno not in _UNPRINTED:
            raise
        _discard_output()
        if error.errno == errno.EPIPE:
            return 1
        return complain(f"what this prints cannot be written there ({error.strerror})")
    except BaseException as error:
        ended = None if isinstance(error, Exception) else _ended_by(error)
        if ended is None:
            raise
        return complain(str(ended), ended.status)
    return status or 0


def _ended_by(error: BaseException) -> GanzooError | None:
    """What to say of what no command catches, where a plugin has raised it."""
    from ganzoo.plugins.ending import ended_by

    return ended_by(error)


def _is_somewhere() -> bool:
    """Whether there is the folder in which this was called."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def _fitting(message: str, args: Sequence[str]) -> str:
    """What a room has to say, in the words of the command that was called."""
    if not args or args[0] not in MODULES or "--" not in message:
        return message
    from ganzoo.cli.owners import with_owners

    return with_owners(message, args[0])


def _call(args: list[str]) -> int | None:
    """Call the command itself where `args` begin with one, which saves the import of the group."""
    if args[0] in MODULES:
        command, name = find_command(args[0]), f"ganzoo {args.pop(0)}"
    else:
        command, name = import_module("ganzoo.cli.group").commands, "ganzoo"
    status: int | None = command.main(args, prog_name=name, standalone_mode=False)
    return status


def main() -> NoReturn:
    """The ``ganzoo`` command."""
    _open_streams()
    _heed_signals()
    for name in senseless_sizes():
        del os.environ[name]
    if "GANZOO_LIFELINE" in os.environ:
        from ganzoo.jobs.lifeline import hold_on

        hold_on()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a stream that the caller has replaced
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if os.path.lexists(_PLANTED):
        sys.exit(
            complain(
                f"{_PLANTED} lies here, which a library of torch's would load and run, whoever put "
                "it here: remove it, or call ganzoo from another folder"
            )
        )
    sys.exit(run(sys.argv[1:]))


def _heed_signals() -> None:
    """Have whatever ends programs do as Ctrl-C does, so that nothing is left half written.

    SIGHUP does not, where it is ignored: that is what ``nohup`` is for.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


def _open_streams() -> None:
    """Give streams that the caller has closed to nobody, before a file is opened in their place."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Characters that make a terminal do something, or show a text in another order."""


def legible(text: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """A text that a terminal shows and does not obey, whoever has written the names in it."""
    return _UNSEEN.sub(instead, text)


def complain(message: str, status: int = 2) -> int:
    """Print an error as one line on stderr; returns the exit status."""
    label = click.style("ganzoo: error:", fg="red", bold=True)
    with contextlib.suppress(OSError):  # where nobody can take it either
        click.echo(f"{label} {legible(' '.join(message.split()))}", err=True)
    return status


def _sentence(error: click.UsageError, args: Sequence[str]) -> str:
    """What click found wrong, in the words of this program."""
    if isinstance(error, click.NoSuchOption):
        problem = f"there is no option '{error.option_name}'"
        # click compares with the dashes, so that every short name is like any other
        options = {option.lstrip("-"): option for option in error.possibilities or ()}
        near = get_close_matches(error.option_name.lstrip("-"), options, n=1)
        if near:
            return f"{problem}: did you mean '{options[near[0]]}'?"
    elif isinstance(error, click.BadOptionUsage):
        needs = "needs a value" if "requires" in error.message else "takes no value"
        problem = f"{error.option_name} {needs}"
    elif isinstance(error, click.BadParameter) and error.param and " is not " in error.message:
        value = error.message.partition(" is not ")[0].strip("'")
        problem = f"{error.param.opts[0]} must be {_wanted(error.param.type)}, not {value}"
    else:
        problem = error.format_message().rstrip(".")
        problem = problem[:1].lower() + problem[1:]
    called = f"ganzoo {args[0]}" if args and args[0] in MODULES else "ganzoo"
    return f"{problem}: see `{called} --help`"


def _wanted(kind: "click.ParamType[Any]") -> str:
    """What a flag takes."""
    if isinstance(kind, click.Choice):
        return f"one of {', '.join(kind.choices)}"
    what = "a whole number" if isinstance(kind, click.types.IntParamType) else "a number"
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    above = "above" if getattr(kind, "min_open", False) else "of at least"
    bounds = [f"{above} {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    return " ".join((what, " and ".join(bounds))).rstrip()


def _discard_output() -> None:
    """Keep the interpreter from complaining about a closed pipe when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
