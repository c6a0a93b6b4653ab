"""How an exported network is used without ganzoo: code for its README."""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.artifacts.templates import plain
from ganzoo.export.formats import ONNX_SUFFIX, TORCH_SUFFIX, WEIGHTS_SUFFIX
from ganzoo.export.network import Network, Subject

LATENTS = "latents.npy"
"""A file of latents, of a prior that has no name."""
DRAWN = 16
"""Samples that the code draws."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""What images of so many channels are to a program that shows them."""
PLACES = {
    TORCH_SUFFIX: ("torch", 'torch.export.load("{file}").module()'),
    ONNX_SUFFIX: ("onnxruntime", 'onnxruntime.InferenceSession("{file}")'),
}


def code(subject: Subject, network: Network, suffix: str) -> str:
    """Python that draws samples, or makes something of an image, with a file in this folder."""
    file = network.name + suffix
    if suffix == WEIGHTS_SUFFIX:
        return _join(
            "from safetensors.numpy import load_file",
            "",
            f'tensors = load_file("{file}")',
            "for name, tensor in tensors.items():",
            "    print(name, tensor.shape, tensor.dtype)",
        )
    library, opened = PLACES[suffix]
    libraries = [f"import {library}", "import numpy as np"]
    shown = shows(subject) and network.output == "sample"
    of_images = "image" in network.inputs
    image = ["from PIL import Image"] if shown or of_images else []
    given = _opened(network) if of_images else _drawn(subject)
    return _join(
        *sorted(libraries, key=len),
        *image,
        "",
        f"network = {opened.format(file=file)}",
        *given,
        *_called(network, suffix),
        *(_pictures(subject) if shown else [f'np.save("{network.output}s.npy", samples)']),
    )


def interface(subject: Subject, network: Network) -> list[str]:
    """What a network takes and gives, in sentences."""
    lines = []
    for name, example in zip(network.inputs, network.sample_inputs(2), strict=True):
        kind = "int64" if name == "label" else "float32"
        shape = _shape(example.shape[1:], network.multiple and "")
        lines.append(f"`{name}`: {kind} ({shape}), {_meaning(subject, name)}")
    made = network(*network.sample_inputs(2))
    shape = _shape(made.shape[1:], network.multiple and f"{network.factor} ")
    pictured = subject.variant.data.is_image and network.output == "sample"
    scale = " in [-1, 1]" if pictured else ""
    sizes = "any n, rows and columns" if network.multiple else "any n"
    of = f" by steps of {network.multiple}" if network.multiple > 1 else ""
    lines.append(f"`{network.output}`: float32 ({shape}){scale}, for {sizes}{of}")
    return lines


def _shape(shape: Sequence[int], times: str | int) -> str:
    """As the page says it; `times` is 0, where sides are fixed, or what stands before each."""
    sides = shape if times == 0 else (shape[0], f"{times}rows", f"{times}columns")
    return ", ".join(["n", *map(str, sides)])


def _meaning(subject: Subject, name: str) -> str:
    if name == "image":
        return "in [-1, 1]"
    if name == "missing":
        return "1 where a pixel is missing, which is 0 in the image, else 0"
    if name == "label":
        names = subject.variant.data.class_names
        shown = ", ".join(map(plain, names[:20])) + ", ..." * (len(names) > 20)
        return f"0 to {len(names) - 1}: {shown}"
    prior = {
        "normal": "each number from a standard normal distribution",
        "uniform": "each number from a uniform distribution between -1 and 1",
    }
    meaning = prior.get(subject.prior, f"such as the {len(subject.shipped):,} in `{LATENTS}`")
    z = getattr(subject.variant.config, "latent_dim", None)
    if z is not None and z < subject.latents[0].numel():
        meaning += f"; z is {z} of them, the others are what the variant draws beside it"
    return meaning


def _drawn(subject: Subject) -> list[str]:
    (_, *shape) = subject.latents.shape
    size = f"({', '.join(map(str, [DRAWN, *shape]))})"
    lines = ["random = np.random.default_rng(0)"]
    match subject.prior:
        case "normal":
            lines.append(f"latent = random.standard_normal({size}, dtype=np.float32)")
        case "uniform":
            lines.append(f"latent = random.uniform(-1, 1, {size}).astype(np.float32)")
        case _:
            lines.append(f'latent = random.permutation(np.load("{LATENTS}"))[:{DRAWN}]')
    if subject.variant.conditional:
        lines.append(f"label = np.arange({DRAWN}) % {subject.variant.data.classes}")
    return lines


def _opened(network: Network) -> list[str]:
    """An image of a file, as a network takes it, and what is missing from it."""
    (example, *others) = network.sample_inputs(1)
    channels, height, width = example.shape[1:]
    sized = "" if network.multiple else f".resize(({width}, {height}))"
    lines = [f'opened = Image.open("image.png").convert("{MODES[channels]}"){sized}']
    if (step := network.multiple) > 1:
        sides = ", ".join(f"opened.{side} // {step} * {step}" for side in ("width", "height"))
        lines.append(f"opened = opened.crop((0, 0, {sides}))")
    plane = "[:, :, None]" if channels == 1 else ""
    lines.append(f"pixels = np.asarray(opened, np.float32){plane}[None]")
    lines.append("image = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2) / 127.5 - 1)")
    if others:
        lines.append(f'mask = Image.open("mask.png").convert("L"){sized}  # white: missing')
        lines.append("missing = (np.asarray(mask)[None, None] > 127).astype(np.float32)")
        lines.append("image *= 1 - missing")
    return lines


def _called(network: Network, suffix: str) -> Sequence[str]:
    if suffix == ONNX_SUFFIX:
        named = ", ".join(f'"{name}": {name}' for name in network.inputs)
        return [f"(samples,) = network.run(None, {{{named}}})"]
    given = ", ".join(f"torch.from_numpy({name})" for name in network.inputs)
    return [f"samples = network({given}).detach().numpy()"]


def shows(subject: Subject) -> bool:
    """Whether samples are pictures that a program can show."""
    data = subject.variant.data
    return data.is_image and data.shape[0] in MODES


def _pictures(subject: Subject) -> list[str]:
    squeezed = "[:, :, 0]" if subject.variant.data.shape[0] == 1 else ""
    return [
        "pixels = ((samples + 1) * 127.5).round().clip(0, 255).astype(np.uint8)",
        "for number, one in enumerate(pixels.transpose(0, 2, 3, 1)):",
        f'    Image.fromarray(one{squeezed}).save(f"sample-{{number:02}}.png")',
    ]


def _join(*lines: str) -> str:
    return "\n".join(lines)
