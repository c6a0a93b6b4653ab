"""A web page that draws samples by an exported network, and what it needs beside it."""

from __future__ import annotations

from ganzoo.artifacts.templates import templates
from ganzoo.export.network import Subject
from ganzoo.export.use import shows

PAGE = "index.html"
PACKAGE = "onnxruntime-web@1.30.0"
"""The version whose files were tried, as npm names it."""
RUNTIME = "ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"
"""Files of that package that the page loads, in its folder `dist`."""


def commands() -> list[str]:
    """What is typed in the folder of the page, to have the files there and to open it."""
    files = " ".join(f"package/dist/{file}" for file in RUNTIME)
    return [
        f"npm pack {PACKAGE}",
        f"tar xzf {PACKAGE.replace('@', '-')}.tgz {files}",
        f"mv {files} .",
        "python -m http.server",
    ]


def page(subject: Subject, name: str, file: str) -> str | None:
    """A web page that draws samples by a network's file; None: no page shows such samples.

    Args:
        subject: whose network it is.
        name: of the variant.
        file: of the network, for ONNX.
    """
    data = subject.variant.data
    if subject.networks[0].inputs[0] != "latent" or not subject.prior or not shows(subject):
        return None
    channels, height, width = data.shape
    shape = subject.latents.shape[1:]
    return (
        templates("ganzoo.export", markup=False, filters={})
        .get_template("web.html")
        .render(
            title=f"{name} on {data.name}",
            file=file,
            package=PACKAGE,
            runtime=RUNTIME,
            commands=commands(),
            channels=channels,
            height=height,
            width=width,
            size=shape.numel(),
            shape=", ".join(map(str, shape)),
            prior=subject.prior,
            classes=data.class_names if subject.variant.conditional else (),
        )
    )
