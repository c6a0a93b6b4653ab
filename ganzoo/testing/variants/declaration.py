"""What a variant says of itself: its registration, its spec, its settings and its recipe."""

from datetime import date
from typing import Any

from ganzoo.claims.read import read_claims
from ganzoo.claims.shipped import CLAIMS, folder
from ganzoo.config import options
from ganzoo.errors import GanzooError
from ganzoo.plugins.registry import registry
from ganzoo.spec import MADE, DataSpec
from ganzoo.testing.check import Failure, NotApplicable
from ganzoo.testing.registration import check_registration
from ganzoo.testing.variants.subject import VariantChecks, VariantSubject, default_data
from ganzoo.variant import Variant

CHECKS = VariantChecks()
EXAMPLE = '((Need(("image",)), Need(("label",))),)'
FIRST_YEAR = 1990
"""Schmidhuber's two networks that play against each other."""


@CHECKS.check("registration")
def registration(subject: VariantSubject) -> None:
    """The plugin registers without torch and without a word."""
    check_registration(subject.registered.plugin)


@CHECKS.check("spec")
def spec(subject: VariantSubject) -> None:
    """The spec says what the variant is and needs, and names data that are made on the spot."""
    spec = subject.registered.spec
    where = f"in the VariantSpec of '{spec.name}'"
    if not spec.title.strip():
        raise Failure(f"title is empty {where}: give the title of the paper")
    if not spec.needs or not all(spec.needs) or not all(n.kinds for g in spec.needs for n in g):
        raise Failure(f"needs is empty {where}: say what it trains on, as in {EXAMPLE}")
    if not FIRST_YEAR <= spec.year <= date.today().year + 1:
        raise Failure(f"year is {spec.year} {where}: give the year of the paper")
    if spec.paper and not spec.paper.startswith(("https://", "http://")):
        raise Failure(f"paper is '{spec.paper}' {where}: give a link, or leave it out")
    for name in filter(None, default_data(spec).split("+")):
        source = registry().dataset(name).spec.source
        if source != MADE:
            raise Failure(
                f"dataset is '{spec.dataset}' {where}, and '{name}' is {source}: name one that is "
                f"{MADE}, so that `ganzoo train {spec.name}` works for everybody"
            )


@CHECKS.check("target")
def target(subject: VariantSubject) -> None:
    """The target is a whole Variant, whose Config is a dataclass of documented options."""
    assert subject.cls  # loading it looks at all of that


@CHECKS.check("claims", needs=("target",))
def claims(subject: VariantSubject) -> None:
    """Its claims, where its plugin states any, can be reproduced as they are written."""
    from ganzoo.claims.training import check_arm

    spec = subject.registered.spec
    place = folder(spec)
    if place is None or not (place / CLAIMS).is_file():
        return
    for claim in read_claims(place / CLAIMS):
        if any(text.startswith("TODO") for text in (claim.says, claim.paper, claim.differences)):
            raise NotApplicable(
                f"claim {claim.id} of {CLAIMS} is the template's: write what the paper claims in "
                "place of each TODO, or delete the file"
            )
        for arm in claim.arms:
            if claim.variant == spec.name and not arm.made_by:
                check_arm(arm, f"{CLAIMS}, claim {claim.id}")


@CHECKS.check("config", needs=("target",))
def config(subject: VariantSubject) -> None:
    """Config is frozen, and each doc is a line without spaces around it or a full stop."""
    config: Any = subject.cls.Config
    where = f"{subject.cls.__name__}.Config"
    if not config.__dataclass_params__.frozen:
        raise Failure(f"{where} can be changed after it was checked: write @dataclass(frozen=True)")
    for name, setting in options(config).items():
        if setting.doc != setting.doc.strip().removesuffix("."):
            raise Failure(
                f"the doc of {where}.{name} is {setting.doc!r}: leave out the full stop and the "
                "spaces around it, as it becomes the help of a flag"
            )


@CHECKS.check("recipe", needs=("target",))
def recipe(subject: VariantSubject) -> None:
    """The recipe gives steps, batch_size and settings of Config, in a new dict each time."""
    check_recipe(subject.cls, subject.dataset.spec)


def check_recipe(cls: type[Variant], data: DataSpec) -> None:
    """See what the recipe for some data says.

    Raises:
        Failure: a training could not be set up by it.
    """
    found: Any = cls.recipe(data)
    where = f"{cls.__name__}.recipe() for '{data.name}'"
    if not isinstance(found, dict):
        raise Failure(f"{where} returns {found!r}: return a dict")
    if cls.recipe(data) is found:
        raise Failure(f"{where} returns the same dict each time, which a training changes: copy it")
    known = options(cls.Config)
    for name in ("steps", "batch_size"):
        if type(found.get(name)) is not int or found[name] < 1:
            raise Failure(
                f"{where} has no whole number '{name}': say how long or how large is enough"
            )
    for name in found.keys() - {"steps", "batch_size"}:
        if name not in known:
            raise Failure(
                f"{where} has '{name}', which is no field of {cls.Config.__qualname__}: leave it "
                "out or declare it there"
            )
        try:
            known[name].convert(found[name])
        except GanzooError as error:
            raise Failure(
                f"{where} sets {name} to a value that is not allowed ({error}): stay in its range"
            ) from error
