"""How the engine gets its batches: one interface, whether the data fit on the device or not.

A batch joins what is drawn from one or more streams: groups of aligned tensors, each visited in
random orders of its own. Batch k is a function of the seed and of k alone: epoch e of a stream
visits its samples in the e-th order, and a ragged last batch is left out. So the position in the
data is one integer, the order is the same on every device, and both feeds give the same batches
bit for bit. Several processes share each batch: each sees its own part of it.

Drawing has two halves. `Feed.stage` is the host's: it decides which samples come next and has them
brought. `Feed.draw` is the device's: the same operations at the same addresses each time, so that
an iteration can be captured once and replayed.
"""

from ganzoo.data.feed.base import Feed
from ganzoo.data.feed.make import first_samples, make_feed
from ganzoo.data.feed.order import Streams, permutation

__all__ = ["Feed", "Streams", "first_samples", "make_feed", "permutation"]
