"""Every variant on every kind of data: it trains, or says in one sentence why it does not."""

import re

import pytest
import torch
from helpers.zoo import NAMES, smaller

from ganzoo import DataSpec, Gallery, GanzooError
from ganzoo.config import build, options, own_settings
from ganzoo.data.dataset import Dataset
from ganzoo.data.feed import first_samples, make_feed
from ganzoo.data.kinds import sample_kind
from ganzoo.data.needs import check_suits
from ganzoo.engine.engine import Engine
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry
from ganzoo.variant import Variant

CPU = torch.device("cpu")
KINDS = {
    "digits 28": ((1, 28, 28), 10, 1),
    "digits 32": ((1, 32, 32), 10, 1),
    "odd 45x61": ((1, 45, 61), 10, 1),
    "unlabelled faces 64": ((3, 64, 64), 0, 1),
    "photos 64": ((3, 64, 64), 10, 1),
    "photos 128": ((3, 128, 128), 3, 1),
    "stacked 28": ((3, 28, 28), 1000, 1),
    "points": ((2,), 8, 1),
    "pair 28": ((3, 28, 28), 10, 2),
    "gray pair 30x50": ((1, 30, 50), 0, 2),
    "pair 64": ((3, 64, 64), 0, 2),
    "pair 128": ((3, 128, 128), 0, 2),
}
UNPAIRED = [row.spec.name for row in registry().variants() if len(row.spec.needs) == 2]
REFUSED = {
    **{
        (name, kind): "two domains" if name in UNPAIRED else "is two domains"
        for name in NAMES
        for kind in KINDS
        if ("pair" in kind) != (name in UNPAIRED)
    },
    **{("stargan", kind): "with attributes" for kind in KINDS if "pair" not in kind},
    **{("pix2pix", kind): "no field 'source'" for kind in KINDS if "pair" not in kind},
    ("pix2pix", "points"): "needs pairs of images",
    ("dcgan", "points"): "needs images",
    ("infogan", "points"): "needs images",
    ("sgan", "points"): "needs labelled images",
    ("cgan", "unlabelled faces 64"): "needs label",
    ("sgan", "unlabelled faces 64"): "needs label",
    ("fastgan", "points"): "needs images",
    ("fastgan", "odd 45x61"): "doubled 2 to 8 times",
    ("r3gan", "points"): "needs images",
    ("r3gan", "odd 45x61"): "4 to 7 pixels a side, doubled",
    ("r3gan-cond", "points"): "needs labelled images",
    ("r3gan-cond", "odd 45x61"): "4 to 7 pixels a side, doubled",
    ("r3gan-cond", "unlabelled faces 64"): "needs label",
    **{(name, "points"): "needs images" for name in ("progan", "stylegan2")},
    **{(name, "odd 45x61"): "4 to 7 pixels a side, doubled" for name in ("progan", "stylegan2")},
}
for name in ("sngan", "projgan", "acgan", "sagan", "biggan"):
    REFUSED[name, "odd 45x61"] = "4 to 7 pixels a side, doubled"
    REFUSED[name, "points"] = "needs images" if name == "sngan" else "needs labelled images"
    if name != "sngan":
        REFUSED[name, "unlabelled faces 64"] = "needs label"
for name in ("srgan", "esrgan", "context-encoder"):
    REFUSED[name, "points"] = "needs images"
    REFUSED[name, "odd 45x61"] = "4 to 7 pixels a side, doubled"
    if name != "context-encoder":
        REFUSED[name, "odd 45x61"] = "and multiples of 2"


def made(kind: str, samples: int) -> Dataset:
    """Random samples of a kind."""
    shape, classes, domains = KINDS[kind]
    generator = torch.Generator().manual_seed(0)
    if len(shape) == 3:
        image = torch.randint(256, (samples, *shape), generator=generator, dtype=torch.uint8)
    else:
        image = torch.rand(samples, *shape, generator=generator) * 2 - 1
    label = torch.arange(samples) % classes if classes else None
    dataset = Dataset.of(kind, image, label, tuple(map(str, range(classes))))
    if domains == 1:
        return dataset
    return Dataset.unpaired(kind, dataset, Dataset.of("other", image[: samples // 2]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_it_trains_or_says_why_not(name: str, kind: str) -> None:
    torch.manual_seed(0)
    dataset = made(kind, samples=max(200, 2 * KINDS[kind][1]))
    registered = registry().variant(name)
    cls: type[Variant] = registered.load()

    def trained() -> None:
        check_suits(registered.spec, dataset.spec)
        narrow = {key: value for key, value in smaller(cls).items() if "width" in key}
        suited = own_settings(cls.Config, cls.recipe(dataset.spec) | narrow)
        if "labels" in options(cls.Config):
            suited["labels"] = max(100, len(dataset.classes))
        variant = cls(equipped(build(cls.Config, suited)), dataset.spec)
        streams = variant.streams(dataset)
        engine = Engine(variant, make_feed(dataset, 2, device=CPU, seed=0, streams=streams), 10)
        engine.iteration = 100  # past a critic's warm-up
        before = {key: value.clone() for key, value in variant.state_dict().items()}
        metrics = engine.step()
        assert all(torch.isfinite(value) for value in metrics.values())
        for player in variant.players().values():
            for net in player.nets:
                params = dict(variant.get_submodule(net).named_parameters(prefix=net))
                assert any(not torch.equal(before[key], value) for key, value in params.items())
        with engine.averaged() as averaged:
            examples = first_samples(streams, sample_kind(dataset.spec).shown, CPU)
            gallery = Gallery.of(averaged.gallery(examples)).images
        assert gallery.shape[1:] == dataset.spec.shape
        assert gallery.abs().max() <= 1 or not dataset.spec.is_image

    if (name, kind) not in REFUSED:
        trained()
        return
    with pytest.raises(GanzooError) as caught:
        trained()
    sentence = str(caught.value)
    assert REFUSED[name, kind] in sentence
    assert kind in sentence
    assert not re.search(r"[\n.] ", sentence)


def test_a_pair_for_a_variant_of_one_domain_and_the_reverse() -> None:
    one, two = registry().variant("vanilla").spec, registry().variant("cyclegan").spec
    mnist = DataSpec.images((1, 28, 28), name="mnist")
    with pytest.raises(GanzooError, match="vanilla is played on one set of samples"):
        check_suits(one, DataSpec.unpaired(mnist, mnist, "a+b"))
    with pytest.raises(GanzooError, match=r"two domains.*--dataset glyphs\+ink or folder\+glyphs"):
        check_suits(two, mnist)
    with pytest.raises(GanzooError, match=r"'ring8' is one, of points: .*--dataset glyphs\+ink"):
        check_suits(two, DataSpec.points(2, name="ring8"))
