"""A run that was trained: what is known of it, and its networks."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from ganzoo.abilities import can
from ganzoo.engine.device import check_defaults, pick_device
from ganzoo.errors import GanzooError
from ganzoo.runs import checkpoint as checkpoints
from ganzoo.runs import evaluations
from ganzoo.runs.load import Loaded, load
from ganzoo.runs.record import data_spec
from ganzoo.runs.run import Run
from ganzoo.spec import DataSpec
from ganzoo.variant import Variant


class OpenedRun:
    """A run, and one of its checkpoints, whose networks are loaded when they are first needed."""

    def __init__(self, run: Run, checkpoint: str, device: str) -> None:
        """Name the checkpoint and the device as the command line does."""
        self._run, self.checkpoint, self._device = run, checkpoint, device
        self._place = run.path.absolute()

    @property
    def run(self) -> Run:
        """Called as it was named, until the program goes to a folder where that is another."""
        try:
            moved = self._run.path.absolute() != self._place
        except FileNotFoundError:  # the folder where the program is was removed
            moved = True
        if moved:
            self._run.path = self._place
        return self._run

    def __getstate__(self) -> dict[str, Any]:
        """Without the networks, which a process that it is sent to loads by itself."""
        return {name: value for name, value in vars(self).items() if name != "_loaded"}

    def __repr__(self) -> str:
        return f"<run {self.path} of {self.name} on {self.data.name}, checkpoint {self.checkpoint}>"

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.run.path

    @property
    def name(self) -> str:
        """Of the variant that was trained."""
        return self.run.settings["variant"]["name"]

    @property
    def data(self) -> DataSpec:
        """What it was trained on; of images, ``.shape`` and ``.class_names`` among others."""
        return data_spec(self.run.settings)

    @property
    def step(self) -> int:
        """Of the checkpoint: of a run that is being trained the last one, until it is loaded."""
        if "_loaded" in vars(self):
            return self._loaded.step
        return checkpoints.step_of(self.run.checkpoint_at(self.checkpoint))

    @property
    def metrics(self) -> list[dict[str, float]]:
        """What was logged: a row a record, which ``pandas.DataFrame`` takes as it is."""
        return self.run.metrics()

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """What was measured: a row a score, with step and protocol, for ``pandas.DataFrame``."""
        return [
            {"step": record["step"], **score, "protocol": record["protocol"]}
            for record in evaluations.find(self.path)
            for score in record["scores"]
        ]

    @cached_property
    def device(self) -> torch.device:
        """Where its networks are."""
        return pick_device(self._device)

    @property
    def variant(self) -> Variant:
        """The networks, in eval mode.

        Raises:
            GanzooError: the plugin is missing, or the checkpoint is missing, damaged or unfitting,
                or the program has set torch to other defaults.
        """
        return self.loaded.variant

    @property
    def loaded(self) -> Loaded:
        """The same, and which checkpoint they are from; raises likewise."""
        check_defaults()
        return self._loaded

    @cached_property
    def _loaded(self) -> Loaded:
        with torch.inference_mode(False):  # it may learn later
            return load(self.run, self.device, self.checkpoint)

    def able(self, ability: str, does: str) -> Variant:
        """The networks, which have an ability.

        Args:
            ability: as `ganzoo.abilities.ABILITIES` names it.
            does: what a run without it does not, for the user: ``"translate"``.

        Raises:
            GanzooError: they have not.
        """
        if not can(self.variant, ability):
            raise GanzooError(
                f"{self.path} was trained by '{self.name}', which does not {does}: choose a run "
                "of a variant that does (see `ganzoo list`)"
            )
        return self.variant
