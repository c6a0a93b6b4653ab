"""Writes the project of a new plugin: a template under the author's name.

A template is itself a valid plugin, called ``mygan``, ``myset`` or ``myloss``.
"""

import re
from pathlib import Path

from ganzoo.artifacts.files import whole_folder
from ganzoo.errors import GanzooError
from ganzoo.plugins.discovery import normal
from ganzoo.plugins.registry import registry
from ganzoo.spec import DatasetSpec, LossSpec, VariantSpec

SPECS = {"variant": VariantSpec, "dataset": DatasetSpec, "loss": LossSpec}
"""What each kind of plugin registers."""
TEMPLATES = {"variant": "mygan", "dataset": "myset", "loss": "myloss"}
"""The name in each kind's template that is replaced."""

_FOLDER = Path(__file__).with_name("templates")


def write_plugin(kind: str, name: str, folder: Path) -> Path:
    """Write the project of a plugin that offers `name`, all of it or nothing.

    Args:
        kind: a key of `TEMPLATES`.
        name: what its users will type, as `check_name` accepts it.
        folder: where the project's folder ``ganzoo-NAME`` is made.

    Returns:
        The project's folder.

    Raises:
        GanzooError: the name is invalid or taken, or the folder exists or cannot be written.
    """
    check_name(name)
    _check_free(kind, name)
    project = folder / f"ganzoo-{name}"
    template = _FOLDER / kind
    try:
        if project.is_symlink() or (project.exists() and not _is_empty_folder(project)):
            raise GanzooError(
                f"'{project}' exists: remove it, or choose another name or another --dir"
            )
        folder.mkdir(parents=True, exist_ok=True)
        with whole_folder(project) as temporary:
            for source in sorted(template.rglob("*")):
                if source.is_file() and "__pycache__" not in source.parts:
                    target = temporary / _renamed(str(source.relative_to(template)), kind, name)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    text = _renamed(source.read_text(encoding="utf-8"), kind, name)
                    target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise GanzooError(
            f"'{project}' cannot be written ({error.strerror}): choose another --dir"
        ) from error
    return project


def check_name(name: str) -> None:
    """See to it that `name` can be a distribution, a module and what a user types.

    Raises:
        GanzooError: it cannot.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise GanzooError(
            f"'{name}' cannot be a plugin's name: begin with a lower-case letter, and use only "
            "lower-case letters, digits and single dashes, as in wgan-gp"
        )


def module_name(name: str) -> str:
    """The module of the plugin that offers `name`: ``wgan-gp`` is in ``ganzoo_wgan_gp``."""
    return f"ganzoo_{name.replace('-', '_')}"


def class_name(name: str) -> str:
    """The class of a variant: its words capitalised, the GAN that each ends in wholly.

    ``infogan`` is InfoGAN, ``wgan-gp`` WGANGp, ``stylegan2`` StyleGAN2. Names without a GAN get
    one, ``vae`` is VaeGAN, which also keeps them apart from all that the template imports.
    """
    words = [
        re.sub(r"gan(\d*)$", r"GAN\1", word[:1].upper() + word[1:], flags=re.IGNORECASE)
        for word in name.split("-")
    ]
    joined = "".join(words)
    return joined if "GAN" in joined else f"{joined}GAN"


def _check_free(kind: str, name: str) -> None:
    """Refuse what would be a duplicate of an installed plugin, or be installed in its place."""
    for plugin in registry().plugins:
        if any(isinstance(spec, SPECS[kind]) and spec.name == name for spec in plugin.specs):
            raise GanzooError(
                f"'{name}' would be a duplicate, as {plugin} offers it: choose another name"
            )
        if normal(plugin.dist) == f"ganzoo-{name}":
            raise GanzooError(
                f"'{name}' would be installed in place of {plugin}: choose another name"
            )


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _renamed(text: str, kind: str, name: str) -> str:
    """A path or the content of a file of a template, with the author's name."""
    neutral, module = TEMPLATES[kind], module_name(name)
    names = {
        f"ganzoo_{neutral}": module,
        f"test_{neutral}": module.replace("ganzoo", "test", 1),
        "MyGAN": class_name(name),
        neutral: name,
    }
    return re.sub("|".join(names), lambda found: names[found[0]], text)
