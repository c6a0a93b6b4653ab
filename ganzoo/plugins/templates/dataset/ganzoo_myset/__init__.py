"""A data set as a ganzoo plugin, without torch: `ganzoo list` imports this."""

from ganzoo import DatasetSpec, hookimpl


@hookimpl
def ganzoo_register_datasets() -> list[DatasetSpec]:
    """Offer `myset`."""
    return [
        DatasetSpec(
            name="myset",
            target="ganzoo_myset.dataset:load",
            title="discs, squares, diamonds",
            shape="1x28x28",
            classes=3,
            source="made on the spot",
        )
    ]
