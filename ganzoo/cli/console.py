"""A console that shows what is in a name, and does not obey it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ganzoo.cli import legible


class LegibleConsole(Console):
    """Texts and tables as they are, whoever has written what is in them: see `legible`.

    What a terminal would obey is left out, as a table has counted no width for it.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The parts of what is printed; colours, and what moves a bar, are no text."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(legible(segment.text, ""), segment.style)
