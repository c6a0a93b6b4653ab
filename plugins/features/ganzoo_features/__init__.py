"""A small network for photos as a ganzoo plugin: what images without labels are judged by."""

from ganzoo import ExtractorSpec, hookimpl


@hookimpl
def ganzoo_register_extractors() -> list[ExtractorSpec]:
    """Offer `photos`."""
    return [
        ExtractorSpec(
            "photos",
            "ganzoo_features.photos:photos",
            "a small network that learned CIFAR-10, without labels or a download",
        )
    ]
