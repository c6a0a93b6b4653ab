"""The README of an export, which is its model card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from jinja2 import Environment

from ganzoo.artifacts.templates import plain, templates
from ganzoo.claims.page import table
from ganzoo.claims.shipped import claims_of, results
from ganzoo.compare.scoreboard import setting_text
from ganzoo.compare.settings import public_settings
from ganzoo.errors import GanzooError
from ganzoo.export import web
from ganzoo.export.formats import TORCH_SUFFIX, WEIGHTS_SUFFIX, Format
from ganzoo.export.network import Network, Subject
from ganzoo.export.use import code, interface
from ganzoo.plugins.registered import Registered
from ganzoo.report.evaluations import latest_evaluations
from ganzoo.runs.logged import QUALITY
from ganzoo.runs.metrics_file import read_some
from ganzoo.runs.record import samples
from ganzoo.runs.run import Run
from ganzoo.spec import VariantSpec


@dataclass(frozen=True)
class Told:
    """What a README tells besides what stands in the run."""

    step: int
    """Of the checkpoint."""
    form: str
    """As it was asked for."""
    files: Mapping[str, str]
    """In the folder, and what each is."""
    worst: float
    """The greatest difference of any number from the original."""
    sizes: tuple[int, ...]
    """Of the batches that were compared."""
    hub: bool
    """Whether a hub is to read it, which looks for facts before the text."""


def card(run: Run, row: Registered[VariantSpec], subject: Subject, form: Format, told: Told) -> str:
    """The text, Markdown.

    Args:
        run: that is exported.
        row: its variant.
        subject: what is exported of it.
        form: in which form.
        told: the rest.
    """
    data, networks = subject.variant.data, subject.networks
    network = networks[0]
    sizes = ", ".join(map(str, told.sizes))
    counts = " and ".join(f"{count:,}" for count in samples(run.settings))
    named = f"; classes: {', '.join(data.class_names[:50])}" if data.class_names else ""
    versions = {**run.settings.get("versions", {}), **form.versions}
    return (
        _templates()
        .get_template("card.md")
        .render(
            front=_front(run, row.spec) if told.hub else [],
            title=f"{row.spec.name} on {data.name}",
            what=f"A network that {_verb(network)} {data.kind}s like those of {plain(data.name)}.",
            variant=row.spec.name,
            paper=row.spec.paper,
            paper_title=row.spec.title,
            year=row.spec.year,
            step=told.step,
            form=told.form,
            versions=", ".join(plain(f"{name} {version}") for name, version in versions.items()),
            needs=_needs(form),
            code=code(subject, network, form.suffix),
            files=told.files,
            interfaces={each.name + form.suffix: interface(subject, each) for each in networks},
            parts=_parts(subject),
            checked=(
                f"It was opened again and compared with the original, in batches of {sizes}: no "
                f"number differs by more than {told.worst:.1g}."
            ),
            safety=_safety(form),
            data=f"{data.name}: {counts} samples of shape {data}{named}.",
            evaluations=latest_evaluations(run.path),
            measured=_measured(run, told.step),
            **_claims(row.spec, str(run.settings["training"].get("dataset"))),
            page=web.commands() if web.PAGE in told.files else (),
            licence=_licence(row),
            settings={
                name: setting_text(value)
                for name, value in public_settings(run).items()
                if value is not None
            },
        )
    )


def _measured(run: Run, step: int) -> dict[str, Any] | None:
    """What ``--evaluate-every`` found of a step, or last before it; None: it is not known."""
    protocol = run.settings.get("quality_protocol")
    found = [
        (int(record["step"]), values)
        for record in read_some(run.path)
        if (values := {n: v for n, v in record.items() if n.startswith(QUALITY)})
    ]
    known = [one for one in found if one[0] <= step]
    if protocol is None or not known:
        return None
    at, values = known[-1]
    listed = ", ".join(f"{n.removeprefix(QUALITY)} {v:.4g}" for n, v in values.items())
    return {"step": at, "scores": listed, "protocol": str(protocol)}


def _needs(form: Format) -> str:
    if form.suffix == WEIGHTS_SUFFIX:
        return (
            "Weights alone draw nothing: whoever has the network's code, in any language, reads "
            "them so. A network that runs without its code is what `--format torch` and `--format "
            "onnx` write. It needs `pip install safetensors numpy`."
        )
    library = "torch" if form.suffix == TORCH_SUFFIX else "onnxruntime"
    return f"It needs `pip install {library} numpy pillow`."


def _safety(form: Format) -> str:
    if form.suffix == TORCH_SUFFIX:
        return (
            " The file holds a list of operations and plain numbers, and nothing pickled; but "
            "`torch.export.load` would obey a file that somebody has forged: load it from whom "
            "you trust. ONNX and safetensors cannot run code."
        )
    return " Such a file cannot run code."


def _front(run: Run, spec: VariantSpec) -> list[str]:
    """Facts that a hub reads, YAML."""
    licence = "other"
    kind = run.settings["data"]["groups"][0][0]["kind"]
    lines = [f"license: {licence}", "library_name: ganzoo", "tags:", "- gan", f"- {spec.name}"]
    return [*lines, "pipeline_tag: unconditional-image-generation"] if kind == "image" else lines


def _claims(spec: VariantSpec, dataset: str) -> dict[str, Any]:
    """What is known of claims on the data that were trained on, and on which others there are."""
    try:
        found = results(spec)
        stated = {claim.id: claim for claim in claims_of(spec)} if found else {}
    except GanzooError:
        found, stated = [], {}
    of = [str(stated[one["claim"]].arms[0].settings.get("dataset")) for one in found]
    own = [one for one, data in zip(found, of, strict=True) if data == dataset]
    others = dict.fromkeys(data for data in of if data != dataset)
    return {
        "claims": table(own) if own else [],
        "claims_of": dataset,
        "other_claims": ", ".join(others),
    }


def _licence(row: Registered[VariantSpec]) -> str:
    licence, names = "", ("License-Expression", "License")
    try:
        about = metadata(row.plugin.dist)
        licence = next((about[name] for name in names if name in about), "")
    except PackageNotFoundError:
        pass
    code = f"The implementation, {row.plugin}, is under {licence}. " if licence else ""
    return (
        f"{code}Whose the weights are, and what may be done with them and with what they draw, "
        "depends on the data that they were trained on: say it here before you give them away."
    )


@cache
def _templates() -> Environment:
    # It is Markdown: `plain` keeps what comes from a run from being any.
    return templates("ganzoo.export", markup=False, filters={"plain": plain})


def _verb(network: Network) -> str:
    """What it does with samples."""
    verbs = {
        "generator": "draws",
        "enlarger": f"enlarges, {network.factor} times,",
        "restorer": "restores",
        "encoder": "encodes",
        "classifier": "classifies",
    }
    return verbs.get(network.name, "translates")


def _parts(subject: Subject) -> list[str]:
    """What was asked for, and is a part of the networks now."""
    found = []
    if subject.truncation != 1:
        found.append(f"it draws with a truncation of ψ = {subject.truncation:g}")
    if subject.asked:
        asked = " and ".join(plain(f"{name} = {value}") for name, value in subject.asked.items())
        found.append(f"what it makes of images is asked to have {asked}")
    return [f"{each}, which is a part of it" for each in found]
