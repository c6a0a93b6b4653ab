"""``glyph-pairs``: each glyph beside the ink that it is written in, pixel upon pixel.

Source is the ink on paper, in colour; target is the glyph, white on black. Darkness of the one is
whiteness of the other, so that the translation can be judged by the target itself.
"""

from dataclasses import replace

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.made import glyphs, ink
from ganzoo.data.made.drawing import SMALL, refuse_root, shuffled_labels, stream
from ganzoo.data.made.small.fields import GLYPH_PAIRS
from ganzoo.spec import DataSpec

NAME = "glyph-pairs"


def load(request: DataRequest) -> Dataset:
    """10,000 pairs to train on, 2,000 to test: ``source``, ``target`` and ``label``.

    Raises:
        GanzooError: as ``glyphs``.
    """
    refuse_root(request, NAME)
    size = glyphs.chosen_size(request)
    labels, generator = shuffled_labels(request, 10, SMALL)
    target = glyphs.draw(labels, size, generator)
    source = ink.write(target, stream(request, NAME))
    fields = tuple(
        replace(field, shape=(field.shape[0], *size)) if field.kind == "image" else field
        for field in GLYPH_PAIRS
    )
    tensors = {"source": source, "target": target, "label": labels}
    return Dataset(DataSpec((fields,), NAME), tensors)
