"""``ganzoo`` without the name of a command: its help and its version."""

import rich_click as click

from ganzoo.cli import MODULES, find_command
from ganzoo.errors import unknown


class Commands(click.RichGroup):
    """The commands, each of whose modules is imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of `MODULES`."""
        return [*MODULES]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name."""
        return find_command(name) if name in MODULES else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for.

        Raises:
            GanzooError: there is none of that name.
        """
        if args[0] not in MODULES and not args[0].startswith("-"):
            raise unknown("command", args[0], MODULES)
        return super().resolve_command(ctx, args)


def _print_versions(ctx: click.Context) -> None:
    import platform
    from importlib.metadata import version

    import torch

    from ganzoo.engine.device import found_devices

    python, devices = platform.python_version(), ", ".join(found_devices())
    click.echo(f"ganzoo {version('ganzoo-core')}")
    click.echo(f"torch {torch.__version__}, Python {python}; devices: {devices}")
    ctx.exit()


@click.group("ganzoo", cls=Commands, epilog="Example: ganzoo train dcgan --dataset glyphs")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda ctx, param, asked: _print_versions(ctx) if asked else None,
    help="Say which ganzoo, torch and Python this is, and which devices torch finds.",
)
def commands() -> None:
    """A zoo of generative adversarial networks: one engine, and each variant a plugin."""
