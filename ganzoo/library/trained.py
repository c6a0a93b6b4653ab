"""A run in a program's hands: ``ganzoo.open_run``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ganzoo.abilities import Encoder, Enlarger, Restorer, Translator, asked_of
from ganzoo.artifacts.places import expanded
from ganzoo.errors import GanzooError
from ganzoo.library.asked import listener, place, quiet
from ganzoo.library.classification import classified
from ganzoo.library.drawing import DrawingRun
from ganzoo.library.given import Given, as_files
from ganzoo.library.images import Report, as_samples, image_shape, reading
from ganzoo.library.making.between import between
from ganzoo.library.making.inversion import STEPS, Inverter, critic_of
from ganzoo.library.making.maker import Maker
from ganzoo.library.making.masks import Masks
from ganzoo.library.making.tiles import TILE, tiling_of
from ganzoo.library.making.translation import chosen_direction
from ganzoo.library.samples import Samples
from ganzoo.runs.run import Run
from ganzoo.spec import Field

if TYPE_CHECKING:
    import numpy as np

    from ganzoo.export.go import Exported
    from ganzoo.library.evaluating import Evaluated


def open_run(path: Path | str, checkpoint: str | int = "last", device: str = "auto") -> TrainedRun:
    """A run, to be used.

    Args:
        path: its folder.
        checkpoint: ``"last"``, ``"best"`` or a step.
        device: where its networks are put: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises:
        GanzooError: there is no such run, or checkpoint.
    """
    run = Run.open(expanded(place(path)))
    if checkpoint != "last":
        run.checkpoint_at(str(checkpoint))
    return TrainedRun(run, str(checkpoint), device)


class TrainedRun(DrawingRun):
    """A run: what was logged and measured, what it draws, and what it makes of images."""

    def evaluate(
        self,
        n: int | None = None,
        *,
        metrics: Sequence[str] = (),
        features: str = "auto",
        seed: int = 0,
        data_root: Path | str | None = None,
        report: Report = quiet,
    ) -> Evaluated:
        """Measure how good the samples are, and keep that in the run.

        Args:
            n: samples; None: as many as usual.
            metrics: names that ``ganzoo evaluators`` lists, or scores; none: all that suit.
            features: by what images are compared: a name that ``ganzoo extractors`` lists, or
                ``"auto"``, what needs no download.
            seed: of the latents, and of the choice of real samples.
            data_root: where the data are; None: where they were in the training.
            report: is told what happens.

        Raises:
            GanzooError: it cannot be measured, and why.
        """
        from ganzoo.library.evaluating import evaluate

        return evaluate(
            *(self.run, self.loaded),
            n=n,
            metrics=metrics,
            features=features,
            seed=seed,
            data_root=None if data_root is None else place(data_root),
            report=report,
        )

    def translate(
        self,
        images: Given,
        direction: str | None = None,
        *,
        seed: int | None = None,
        own_size: bool = False,
        tile: int = TILE,
        pixels: str | None = None,
        report: Report = quiet,
        **controls: object,
    ) -> Samples:
        """What a translator makes of images.

        Args:
            images: files, a folder, pictures or arrays.
            direction: its name; None: the only one.
            seed: of one that translates an image in many ways.
            own_size: whether they are left at their size, which must be the same of all.
            tile: pixels a side of what is then made at once; 0: all.
            pixels: how files are read, as ``--pixels`` says it; None: as those of the training.
            report: is told of what is left out, scaled or cropped.
            controls: what it should be like, where the variant can be told.

        Raises:
            GanzooError: the run does not translate, or not so.
        """
        field, maker = self.translating(
            direction, seed, controls, pixels=pixels, own_size=own_size, tile=tile
        )
        return self._made_of(images, field, maker, report)

    def enlarge(
        self,
        images: Given,
        *,
        interpolate: str | None = None,
        tile: int = TILE,
        pixels: str | None = None,
        report: Report = quiet,
    ) -> Samples:
        """Images `variant.factor` times as high and wide, of 16 bits where they have 16.

        Args:
            images: as above, of any size, which must be the same of all.
            interpolate: ``"RUN:0.2"`` takes networks between these and those of that run, which
                count so much.
            tile: pixels a side of what is made at once; 0: all.
            pixels: likewise.
            report: is told of what is left out.

        Raises:
            GanzooError: the run enlarges nothing, or the images are of several sizes.
        """
        maker = self.enlarging(tile, pixels=pixels, interpolate=interpolate)
        return self._made_of(images, self.data.sample, maker, report)

    def restore(
        self,
        images: Given,
        mask: Path | str,
        *,
        steps: int | None = None,
        seed: int = 0,
        tile: int = TILE,
        pixels: str | None = None,
        report: Report = quiet,
    ) -> Samples:
        """Images whose missing parts are filled in, while all else stays as it is.

        Args:
            images: as above, with what is missing in any colour.
            mask: an image in which what is missing is white, or a folder with one for each.
            steps: of the search, where the run draws samples and the one is looked for that is most
                like what is known; None: as many as usual.
            seed: of the samples at which the search begins.
            tile: as above, where the networks take images of any size; others are scaled and
                cropped to theirs, which is said.
            pixels: likewise.
            report: is told of what is left out, scaled or cropped.

        Raises:
            GanzooError: the run restores nothing, or the images are of several sizes.
        """
        maker = self.restoring(
            Masks(place(mask)), tile, pixels=pixels, steps=steps, seed=seed, report=report
        )
        return self._made_of(images, self.data.sample, maker, report)

    def reconstruct(
        self, images: Given, *, pixels: str | None = None, report: Report = quiet
    ) -> Samples:
        """What an encoder makes of the latents that it finds of images; raises likewise."""
        return self._made_of(images, self.data.sample, self.encoding(pixels, True), report)

    def encode(
        self, images: Given, *, pixels: str | None = None, report: Report = quiet
    ) -> np.ndarray:
        """The latents of images, (n, ...), as an encoder finds them; raises likewise."""
        maker = self.encoding(pixels)
        with as_files(images, report) as (folder, files):
            found = [latent for _, latent in maker.over(folder, files, report)]
        array: np.ndarray = torch.stack(found).numpy()
        return array

    def classify(
        self, images: Given, *, pixels: str | None = None, report: Report = quiet
    ) -> list[dict[str, Any]]:
        """Of each image its file, label, class and probability: rows for ``pandas.DataFrame``.

        Raises:
            GanzooError: the run does not classify, or no image can be read.
        """
        variant = self.able("classifier", "classify")
        wanted = reading(self.run, pixels, image_shape(variant, variant.data.sample.name)[0])
        with as_files(images, report) as (folder, files):
            return classified(variant, [folder / file for file in files], wanted, report)

    def report(self, out: Path | str | None = None) -> Path:
        """Write a page about the run, as ``ganzoo report`` does, and return its path.

        Args:
            out: the file; None: ``report.html`` in the run's folder.

        Raises:
            GanzooError: the run is damaged, or the file is somebody else's or cannot be written.
        """
        from ganzoo.report.write import report

        return report([self.path], None if out is None else place(out))

    def export(
        self,
        form: str,
        out: Path | str,
        *,
        truncation: float = 1.0,
        report: Report = quiet,
        **controls: object,
    ) -> Exported:
        """Write the networks for those who do not have ganzoo, as ``ganzoo export`` does.

        Args:
            form: ``"onnx"``, ``"torch"``, ``"safetensors"`` or ``"huggingface"``.
            out: a new folder.
            truncation: ψ, as of `sample`, which becomes a part of the network.
            report: is told what is being done.
            controls: what translations should be like, as of `translate`; likewise.

        Raises:
            GanzooError: it cannot be exported so, or what that needs is missing.
        """
        from ganzoo.export.go import export

        listener(report)
        # What it has drawn from already, though the run may have gone on.
        which = str(self.step) if "_loaded" in vars(self) else self.checkpoint
        return export(self.path, form, place(out), which, report, truncation, controls)

    def translating(
        self,
        direction: str | None,
        seed: int | None,
        controls: dict[str, object],
        *,
        pixels: str | None,
        own_size: bool = False,
        tile: int = TILE,
    ) -> tuple[Field, Maker]:
        """What translations are like, and what makes them; see `translate`."""
        variant = self.able("translator", "translate")
        assert isinstance(variant, Translator)
        way = chosen_direction(variant, direction)
        asked = asked_of(variant, controls)
        if seed is not None and not variant.stochastic:
            raise GanzooError(
                f"{self.path} translates an image in one way only, to which --seed is nothing: "
                "leave it out"
            )
        if own_size and not variant.multiple:
            raise GanzooError(
                f"{self.path} translates images of the size of its training only: leave out "
                "--own-size"
            )
        image_shape(self.variant, way.target)
        shape = image_shape(self.variant, way.source)
        wanted = reading(self.run, pixels, shape[0])

        def translate(image: Tensor) -> Tensor:
            return variant.translate(image, way.name, **asked)

        tiling = tiling_of(variant, shape[1:], tile) if own_size else None
        maker = Maker(shape, translate, self.device, wanted, seed or 0, tiling)
        return self.data.fields[way.target], maker

    def enlarging(
        self, tile: int = TILE, *, pixels: str | None = None, interpolate: str | None = None
    ) -> Maker:
        """What makes images larger; see `enlarge`."""
        variant = self.able("enlarger", "enlarge")
        if interpolate is not None:
            variant = between(variant, interpolate)
        assert isinstance(variant, Enlarger)
        channels, height, width = image_shape(variant, variant.data.sample.name)
        least = height // variant.factor, width // variant.factor
        tiling = tiling_of(variant, least, tile, variant.factor)
        wanted = reading(self.run, pixels, channels)
        return Maker((channels, *least), variant.enlarge, self.device, wanted, tiling=tiling)

    def restoring(
        self,
        masks: Masks,
        tile: int = TILE,
        *,
        pixels: str | None = None,
        steps: int | None = None,
        seed: int = 0,
        report: Report = quiet,
    ) -> Maker:
        """What fills in what is missing; see `restore`."""
        variant = self.variant
        shape = image_shape(variant, variant.data.sample.name)
        restorer: Restorer | Inverter
        if isinstance(variant, Restorer):
            if steps is not None:
                raise GanzooError(f"{self.path} restores without a search: leave out --steps")
            restorer = variant
            tiling = tiling_of(variant, shape[1:], tile) if variant.multiple else None
        else:
            self.able("sampler", "restore")
            critic = critic_of(self.loaded)
            restorer = Inverter(variant, critic, STEPS if steps is None else steps, seed)
            report(
                f"{self.name} draws samples: what is missing is taken from the one that is most "
                f"like what is known{'' if critic else ', without a word of D'}"
            )
            tiling = None

        def restore(both: Tensor) -> Tensor:
            missing = (both[:, -1:] > 0).float()
            return restorer.restore(both[:, :-1] * (1 - missing), missing)

        wanted = reading(self.run, pixels, shape[0])
        return Maker(shape, restore, self.device, wanted, tiling=tiling, masks=masks)

    def encoding(self, pixels: str | None, reconstruct: bool = False) -> Maker:
        """What finds latents, and perhaps makes images of them; see `encode`, `reconstruct`."""
        variant = self.able("encoder", "encode")
        assert isinstance(variant, Encoder)
        shape = image_shape(self.variant, self.data.sample.name)
        make = variant.reconstruct if reconstruct else variant.encode
        wanted = reading(self.run, pixels, shape[0])
        return Maker(shape, make, self.device, wanted, latents=not reconstruct)

    def _made_of(self, images: Given, field: Field, maker: Maker, report: Report) -> Samples:
        with as_files(images, report) as (folder, files):
            return as_samples(maker.over(folder, files, report), field)
