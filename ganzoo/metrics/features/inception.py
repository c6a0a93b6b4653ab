"""The Inception network of most papers, by the library torch-fidelity.

Its weights are the original ones (Szegedy et al. 2015), in a file that is kept where PyTorch keeps
what it downloads. The Fréchet distance of its features is the FID (Heusel et al. 2017), the score
of its classes the Inception Score (Salimans et al. 2016).
"""

import hashlib
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.metrics.features.extractor import Extractor, Features, with_channels
from ganzoo.metrics.features.source import ExtractorRequest, Source
from ganzoo.spec import DataSpec

CHUNK = 50
"""Images that are looked at together."""


class Inception:
    """An `Extractor`: 2048 features, and the probabilities of 1008 classes.

    Args:
        device: where it computes.
        report: is told of a download.

    Raises:
        GanzooError: torch-fidelity or the weights cannot be had.
    """

    resizing = "bilinear as in TensorFlow 1, to 299x299"

    def __init__(self, device: torch.device, report: Callable[[str], None]) -> None:
        library = _library()
        self._device = device
        path = _weights(library, report)
        self._net = _load(library, path).to(device)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        self.name = f"inception-v3 {digest} of torch-fidelity {version('torch-fidelity')}"

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Features:
        """The features of images; see `Extractor`."""
        chunks = (with_channels(chunk, 3).to(self._device) for chunk in torch.split(images, CHUNK))
        hidden, logits = zip(*map(self._net, chunks), strict=True)
        return Features(torch.cat(hidden).cpu(), torch.cat(logits).softmax(1).cpu())


class _Source(Source):
    def lacks(self, data: DataSpec) -> str:
        lacking = "needs weights, which --features inception downloads"
        if not any(_folder().glob("weights-inception-*")):  # the library takes a second to import
            return lacking
        try:
            there = _path(_library()).exists()
        except GanzooError:
            return "needs torch-fidelity (pip install 'ganzoo-core[inception]')"
        return "" if there else lacking

    def make(self, request: ExtractorRequest) -> Extractor:
        return Inception(request.device, request.report)


inception = _Source()


def _library() -> Any:
    try:
        return import_module("torch_fidelity.feature_extractor_inceptionv3")
    except ImportError as error:
        raise GanzooError(
            f"--features inception needs torch-fidelity, which cannot be used here ({error}): "
            "pip install 'ganzoo-core[inception]'"
        ) from error


def _path(library: Any) -> Path:
    """Where the file of the weights is, or would be."""
    url: str = library.URL_INCEPTION_V3
    return _folder() / Path(url).name


def _folder() -> Path:
    """Where PyTorch keeps what it downloads."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def _weights(library: Any, report: Callable[[str], None]) -> Path:
    """The file of the weights, downloaded where it is not there."""
    path = _path(library)
    if not path.exists():
        _download(library.URL_INCEPTION_V3, path, report)
    return path


def _load(library: Any, path: Path) -> Any:
    try:
        torch.load(path, weights_only=True)  # torch-fidelity would run what a pickle asks for
        return library.FeatureExtractorInceptionV3(
            "inception-v3-compat",
            ["2048", "logits_unbiased"],
            feature_extractor_weights_path=str(path),
        )
    except Exception as error:
        raise GanzooError(
            f"'{path}' is damaged or does not hold the weights of inception-v3: delete it to have "
            "it downloaded again"
        ) from error


def _download(url: str, path: Path, report: Callable[[str], None]) -> None:
    report(f"downloading the weights of inception-v3 to '{path}'")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=False)
    except Exception as error:  # whatever a broken connection raises
        reason = str(error).strip("<>")
        raise GanzooError(
            f"the weights of inception-v3 could not be downloaded ({reason}): put the file "
            f"'{path.name}' of torch-fidelity's releases into '{path.parent}' ($TORCH_HOME moves "
            "it); without --features what needs no download is taken, if there is any"
        ) from error
