"""What a variant of this zoo refuses, it refuses under the name that the user has typed."""

import pytest

from ganzoo import DataSpec, GanzooError
from ganzoo.plugins.equip import equipped
from ganzoo.plugins.registry import registry

ROWS = {row.spec.name: row for row in registry().variants()}
SIMPLE = [
    name
    for name, row in ROWS.items()
    if {need.field for group in row.spec.needs for need in group} <= {"image", "label", "a", "b"}
]
"""Those whose constructors look at nothing but the images."""


@pytest.mark.parametrize("name", SIMPLE)
@pytest.mark.parametrize(
    "data",
    [DataSpec.points(2), DataSpec.images((1, 5, 5)), DataSpec.images((3, 9, 9), 10)],
    ids=str,
)
def test_a_refusal_names_no_other_variant(name: str, data: DataSpec) -> None:
    variant = ROWS[name].load()
    try:
        variant(equipped(variant.Config()), data)
    except GanzooError as error:
        (first, *_) = str(error).split()
        assert first not in ROWS or first == name
