"""What data sets are made of: good ones, and for each check of the kit some that fail it."""

SET_INIT = """
from ganzoo import DatasetSpec, Field, hookimpl
{extra}
@hookimpl
def ganzoo_register_datasets():
    spec = dict(name="toy", target="ganzoo_toy.variant:load", title="noise", shape="1x8x9")
    return [DatasetSpec(**spec | dict(classes=2) | dict({spec}))]
"""

SET = """
import socket
from dataclasses import replace

import torch

from ganzoo import Dataset, DataSpec, Field, GanzooError, Truth


def noise(request, channels=1, shift=0):
    n = {"train": 200, "test": 40}[request.split]
    generator = torch.Generator().manual_seed(2 * request.seed + (request.split == "test") + shift)
    size = request.image_size or (8, 9)
    image = torch.randint(256, (n, channels, *size), generator=generator, dtype=torch.uint8)
    return Dataset.images("toy", image, torch.arange(n) % 2, ("odd", "even"))


def with_image(dataset, change):
    return dataset.with_tensors({"image": change(dataset.tensors["image"])})


def both(first, second):
    return Dataset.unpaired("toy", first, second)


def ruled(request, valid):
    return replace(noise(request), truths=(Truth(valid=valid),))


def dark(request):
    image = noise(request).tensors["image"].to(torch.int16) - 32768
    spec = DataSpec(((Field("image", "image", tuple(image.shape[1:]), (), "16 bits"),),), "toy")
    return Dataset(spec, {"image": image})


def mixture(request):
    if request.image_size is not None:
        raise GanzooError("points have no size: leave out --image-size")
    modes = torch.tensor([[-0.5, 0.0], [0.5, 0.0]])
    dataset = noise(request)
    generator = torch.Generator().manual_seed(int(request.split == "test"))
    drawn = 0.01 * torch.randn(len(dataset), 2, generator=generator)
    label = dataset.tensors["label"]
    truth = Truth(modes=modes, mode_std=0.01)
    return Dataset.points("toy", modes[label] + drawn, label, ("odd", "even"), truth)


"""

GOOD_SETS = {
    "images": ("load = noise", ""),
    "points": ("load = mixture", "shape='2'"),
    "domains": ("def load(r): return both(noise(r), noise(r, shift=2))", ""),
    "rules": ("def load(r): return ruled(r, lambda x: x.flatten(1).double().mean(1) > 0)", ""),
    "dark 16 bits": ("load = dark", "classes=0"),
    "unlabelled": (
        "def load(r): return Dataset.images('toy', noise(r).tensors['image'])",
        "classes=0",
    ),
    "channels": (
        "def load(r):\n"
        "    label = torch.arange(len(noise(r))) % 8\n"
        "    image, truth = noise(r, 3).tensors['image'], Truth(per_channel=2)\n"
        "    return Dataset.images('toy', image, label, tuple('abcdefgh'), truth)",
        "shape='3x8x9', classes=8",
    ),
}

SEVERAL = """
def drawn(request, *fields):
    generator = torch.Generator().manual_seed(2 * request.seed + (request.split == "test"))
    n, tensors = {"train": 90, "test": 40}[request.split], {}
    if request.image_size is not None:
        raise GanzooError("these are of one size: leave out --image-size")
    for field in fields:
        shape = (n, *field.shape)
        if field.kind in ("image", "volume", "video"):
            tensor = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
        elif field.kind == "tokens":
            tensor = torch.randint(len(field.names), shape, generator=generator)
        elif field.kind in ("attributes", "mask"):
            tensor = torch.randint(2, shape, generator=generator, dtype=torch.uint8)
        else:
            tensor = torch.rand(shape, generator=generator) * 2 - 1
        tensors[field.name] = tensor
    return Dataset(DataSpec((fields,), "toy"), tensors)


"""
"""Data of any kind."""

AGE = '[{"low": 0, "high": 9, "digits": 2}]'
FIELDS = {
    "many channels": "Field('image', 'image', (7, 8, 8)),",
    "texts": "Field('tokens', 'tokens', (6,), ('', *'abc')),",
    "volumes": "Field('volume', 'volume', (1, 4, 5, 6)),",
    "videos": "Field('video', 'video', (3, 4, 6, 6)),",
    "series": "Field('series', 'series', (9, 2), ('left', 'right')),",
    "points in space": "Field('image', 'point', (3,)),",
    "a table": f"Field('table', 'table', (1,), ('age',), '{AGE}'),",
    "pairs": "Field('source', 'image', (1, 8, 8)), Field('target', 'image', (3, 8, 8)),",
    "several kinds": (
        "Field('image', 'image', (1, 8, 8)), Field('attributes', 'attributes', (2,), ('a', 'b')), "
        "Field('mask', 'mask', (8, 8), ('sky', 'sea')),"
    ),
}
for name, fields in FIELDS.items():
    GOOD_SETS[name] = (
        SEVERAL + f"def load(r): return drawn(r, {fields})",
        f"groups=(({fields}),), classes=0",
    )
GOOD_SETS["domains of two kinds"] = (
    SEVERAL + "def load(r):\n"
    f"    return both(drawn(r, {FIELDS['many channels']}), drawn(r, {FIELDS['texts']}))",
    "shape='any size', classes=0",
)

ASKS_ELSEWHERE = "def load(r): socket.create_connection(('ganzoo.invalid', 80))"

BROKEN_SETS = [
    # check, the source, what is said, what the spec has
    ("spec", "load = noise", "has the source 'a disk': choose from", "source='a disk'"),
    ("spec", "load = noise", "write channels x height x width", "shape='8x9'"),
    ("spec", "load = noise", "has no title", "title=' '"),
    ("target", "def load(split, seed): ...", "cannot be called with one DataRequest", ""),
    ("target", "load = 3", "it must be a function", ""),
    ("loads", "def load(r): return noise(r).tensors", "is a dict: return a ganzoo.Dataset", ""),
    ("loads", "def load(r): return {}[r.split]", "KeyError at variant.py:", ""),
    ("loads", ASKS_ELSEWHERE, "needs the network", ""),
    ("quiet", "def load(r): print('reading'); return noise(r)", "call request.report", ""),
    (
        "name",
        "def load(r): return Dataset.images('toys', *noise(r).tensors.values(), ('odd', 'even'))",
        "give both one name",
        "",
    ),
    (
        "fields",
        "def load(r): return with_image(noise(r), lambda x: x.numpy())",
        "'image' of the train split is a ndarray: make it a tensor",
        "",
    ),
    (
        "fields",
        "def load(r): return with_image(noise(r), lambda x: x / 255)",
        "'image' of the train split is float32 (200, 1, 8, 9)",
        "",
    ),
    (
        "fields",
        "def load(r): return with_image(noise(r), lambda x: x.permute(0, 2, 3, 1))",
        "the order is (n, channels, height, width)",
        "",
    ),
    (
        "fields",
        "def load(r): return with_image(noise(r), lambda x: x[:30])",
        "'label' of the train split is int64 (200,) on cpu beside 30 samples",
        "",
    ),
    (
        "fields",
        "def load(r): return with_image(noise(r), lambda x: x[:0])",
        "the train split is empty",
        "",
    ),
    (
        "fields",
        "def load(r):\n"
        "    spec = DataSpec(((Field('x', 'image', (1, 9, 8)),),), 'toy')\n"
        "    return Dataset(spec, {'x': noise(r).tensors['image']})",
        "'x' of the train split is uint8 (200, 1, 8, 9), and its Field says 1x9x8",
        "",
    ),
    (
        "fields",
        "def load(r):\n"
        "    tokens = torch.full((9, 4), 3)\n"
        "    spec = DataSpec(((Field('tokens', 'tokens', (4,), ('a', 'b')),),), 'toy')\n"
        "    return Dataset(spec, {'tokens': tokens})",
        "'tokens' of the train split goes from 3 to 3, and there are 2 symbols",
        "",
    ),
    (
        "files",
        "def load(r):\n"
        "    if r.image_size: raise GanzooError('texts have no size')\n"
        "    generator = torch.Generator().manual_seed(int(r.split == 'test'))\n"
        "    tokens = torch.randint(2, (90, 4), generator=generator)\n"
        "    spec = DataSpec(((Field('tokens', 'tokens', (4,), ('ab', 'cd')),),), 'toy')\n"
        "    return Dataset(spec, {'tokens': tokens})",
        "cannot be read back (the text '",
        "groups=((Field('tokens', 'tokens', (4,), ('ab', 'cd')),),), classes=0",
    ),
    (
        "as-registered",
        "load = noise",
        "the fields of the train split are others than those of the DatasetSpec",
        "groups=((Field('image', 'image', (1, 9, 8)),),)",
    ),
    (
        "values",
        "def load(r): return with_image(noise(r), lambda x: x // 255)",
        "multiply by 255",
        "",
    ),
    (
        "values",
        "def load(r): return with_image(mixture(r), lambda x: 9 * x)",
        "divide them by a constant",
        "shape='2'",
    ),
    (
        "values",
        "def load(r): return with_image(mixture(r), lambda x: x / 0)",
        "infinite or not a number",
        "shape='2'",
    ),
    (
        "labels",
        "def load(r):\n    return noise(r).with_tensors({'label': noise(r).tensors['label'] + 1})",
        "go from 1 to 2, and there are 2 classes",
        "",
    ),
    (
        "labels",
        "def load(r):\n"
        "    return Dataset.images('toy', *noise(r).tensors.values(), ('odd', 'even', 'prime'))",
        "class 'prime' has no sample",
        "classes=3",
    ),
    (
        "loads",
        "def load(r): return Dataset.images('toy', noise(r).tensors['image'], None, ('a', 'b'))",
        "has the fields ['image', 'label'], and its tensors are called ['image']",
        "",
    ),
    ("loads", "def load(r): return Dataset('toy', noise(r).tensors)", "Dataset.images(name,", ""),
    (
        "labels",
        "def load(r): return replace(noise(r), truths=(Truth(per_channel=3),))",
        "correct per_channel",
        "",
    ),
    ("as-registered", "load = noise", "a sample is 1x8x9, and the DatasetSpec", "shape='1x9x8'"),
    ("as-registered", "load = noise", "there are 2 classes", "classes=10"),
    (
        "as-registered",
        "def load(r): return Dataset.images('toy', *noise(r).tensors.values(), tuple(r.split[:2]))",
        "one order of classes",
        "",
    ),
    (
        "domains",
        "def load(r): return both(noise(r), noise(r, 3, shift=2))",
        "the domains of the train split are 1x8x9 and 3x8x9",
        "",
    ),
    (
        "domains",
        "def load(r):\n"
        "    return both(noise(r), noise(r, shift=2)) if r.split == 'train' else noise(r)",
        "only one split has a second domain",
        "",
    ),
    (
        "modes",
        "def load(r):\n"
        "    return replace(mixture(r), truths=(replace(mixture(r).truth, mode_std=0.001),))",
        "scale modes and mode_std as the samples",
        "shape='2'",
    ),
    (
        "rules",
        "def load(r): return ruled(r, lambda x: x.flatten(1).double().mean(1) > 128)",
        "samples of the test split that they break the rules",
        "",
    ),
    (
        "rules",
        "def load(r): return ruled(r, lambda x: x > -1)",
        "'valid' gives bool (40, 1, 8, 9) of 40 samples: make it bool (n,)",
        "",
    ),
    (
        "deterministic",
        "def load(r): return with_image(noise(r), lambda x: x[torch.randperm(len(x))])",
        "'image' of the test split is another at the second load",
        "",
    ),
    (
        "splits-apart",
        "def load(r): return noise(replace(r, split='train'))",
        "200 of the 200 samples of the test split",
        "",
    ),
    (
        "image-size",
        "def load(r): return noise(replace(r, image_size=None))",
        "gives samples of 1x8x9",
        "",
    ),
    (
        "image-size",
        "def load(r): return noise(replace(r, image_size=(r.image_size or (8, 9))[::-1]))",
        "which is (height, width)",
        "shape='1x9x8'",
    ),
    (
        "image-size",
        "def load(r): assert r.image_size is None; return noise(r)",
        "raises AssertionError at variant.py:",
        "",
    ),
    ("missing-files", "load = noise", "although --data-root is an empty", "source='downloaded'"),
    (
        "missing-files",
        ASKS_ELSEWHERE,
        "a check downloads nothing: raise a ganzoo.GanzooError",
        "source='downloaded'",
    ),
    (
        "missing-files",
        "def load(r): raise GanzooError('there is nothing')",
        "which does not name the folder",
        "source='your files'",
    ),
]
