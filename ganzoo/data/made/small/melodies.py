"""``melodies``: tunes of one voice in a major key, as piano rolls of 32 moments.

A tune goes up and down a few steps of its key's scale at a time; each note lasts one, two or four
moments. A note is 255 at its pitch and moment, all else is 0.
"""

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset, Truth
from ganzoo.data.made.drawing import SMALL, refuse_root, refuse_size, shuffled_labels
from ganzoo.data.made.small.fields import MELODIES, PITCHES
from ganzoo.spec import DataSpec

NAME = "melodies"
MAJOR = (0, 2, 4, 5, 7, 9, 11)
"""Semitones above the key's note."""
LENGTHS = (1, 1, 2, 2, 4)
STEPS = (-3, -2, -1, -1, 0, 1, 1, 2, 3)


def load(request: DataRequest) -> Dataset:
    """10,000 tunes to train on, 2,000 to test: ``series``.

    Raises:
        GanzooError: the split does not exist, or an image size is asked for.
    """
    refuse_root(request, NAME)
    refuse_size(request, NAME, "piano rolls")
    keys, generator = shuffled_labels(request, len(PITCHES), SMALL)
    n = len(keys)
    moments, pitches = MELODIES[0].shape
    start = torch.randint(pitches, (n,), generator=generator).tolist()
    steps = torch.randint(len(STEPS), (n, moments), generator=generator).tolist()
    lengths = torch.randint(len(LENGTHS), (n, moments), generator=generator).tolist()
    scales = [
        [p for p in range(pitches) if (p - key) % len(PITCHES) in MAJOR]
        for key in range(len(PITCHES))
    ]
    played = torch.empty(n, moments, dtype=torch.int64)
    for tune, key, first, ways, lasting in zip(
        played, keys.tolist(), start, steps, lengths, strict=True
    ):
        scale = scales[key]
        place, notes = first % len(scale), []
        for way, length in zip(ways, lasting, strict=True):
            notes += [scale[place]] * LENGTHS[length]
            place += STEPS[way]
            if not 0 <= place < len(scale):
                place -= 2 * STEPS[way]
        tune.copy_(torch.tensor(notes[:moments]))
    rolls = torch.zeros(n, moments, pitches, dtype=torch.uint8)
    rolls.scatter_(2, played.unsqueeze(2), 255)
    return Dataset(DataSpec((MELODIES,), NAME), {"series": rolls}, (Truth(valid=valid),))


def valid(rolls: Tensor) -> Tensor:
    """Which of uint8 (n, moments, pitches) are one voice in one major key: bool (n,).

    A pitch sounds at a moment where it has more than half of its full strength.
    """
    sounds = rolls > 127
    one_voice = (sounds.sum(2) == 1).all(1)
    octave = torch.arange(rolls.shape[2]) % len(PITCHES)
    heard = torch.stack([sounds.any(1)[:, octave == k].any(1) for k in range(len(PITCHES))], 1)
    outside = torch.ones(len(PITCHES), len(PITCHES), dtype=torch.bool)
    for key in range(len(PITCHES)):
        outside[key, [(key + step) % len(PITCHES) for step in MAJOR]] = False
    in_key = ~(heard.unsqueeze(1) & outside).any(2)
    return one_voice & in_key.any(1)
