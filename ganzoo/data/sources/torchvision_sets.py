"""The data sets that torchvision knows, in its own folders, downloaded where they are missing.

They are looked for under ``--data-root``, else ``$GANZOO_DATA``, else the user's cache folder. A
set that is there is used without network and without writing to that folder. torchvision, whose
import takes longer than PyTorch's own, decodes a set once; from then on it is mapped from the
image cache.
"""

import contextlib
import io
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.artifacts.files import refuse_endless
from ganzoo.artifacts.places import expanded, of_the_user
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.one_file import read_text
from ganzoo.data.sources import cache
from ganzoo.data.sources.decoding import decode
from ganzoo.data.sources.folder import DEFAULT_SIZE
from ganzoo.errors import GanzooError


def load_mnist(request: DataRequest) -> Dataset:
    """Handwritten digits, 1x28x28, ten classes: 60000 to train on, 10000 to test.

    Raises:
        GanzooError: it is neither there nor can be downloaded, or it is damaged.
    """
    return _labelled("mnist", "MNIST", "MNIST/raw", (28, 28), request)


def load_fashion_mnist(request: DataRequest) -> Dataset:
    """Pieces of clothing, 1x28x28, ten classes: 60000 to train on, 10000 to test.

    Raises:
        GanzooError: it is neither there nor can be downloaded, or it is damaged.
    """
    return _labelled("fashion-mnist", "FashionMNIST", "FashionMNIST/raw", (28, 28), request)


def load_cifar10(request: DataRequest) -> Dataset:
    """Small photographs, 3x32x32, ten classes: 50000 to train on, 10000 to test.

    Raises:
        GanzooError: it is neither there nor can be downloaded, or it is damaged.
    """
    return _labelled("cifar10", "CIFAR10", "cifar-10-batches-py", (32, 32), request)


def load_celeba(request: DataRequest) -> Dataset:
    """Aligned faces of celebrities, unlabelled: 162770 to train on, 19962 to test.

    The images are cropped around their centre, to 64x64 where no size is asked for. Only
    ``celeba/img_align_celeba`` and ``celeba/list_eval_partition.txt`` are needed.

    Raises:
        GanzooError: it is neither there nor can be downloaded, or it is damaged.
    """
    root = _root(request)
    folder = root / "celeba"
    _ensure("celeba", "CelebA", root, folder, request)
    wanted = "0" if request.split == "train" else "2"  # 1 is a validation split
    with _blaming("celeba", folder):
        lines = read_text(folder / "list_eval_partition.txt").splitlines()
        files = [name for name, split in map(str.split, lines) if split == wanted]
    outside = next((name for name in files if PurePosixPath(name).name != name), None)
    if outside is not None:
        raise GanzooError(
            f"'{folder / 'list_eval_partition.txt'}' names '{outside}', which is no file of "
            "img_align_celeba: names alone stand in it"
        )
    size = request.image_size or DEFAULT_SIZE
    images, _ = decode(folder / "img_align_celeba", files, size, request.report)
    return Dataset.images("celeba", images)


def _labelled(
    name: str, kind: str, place: str, own_size: tuple[int, int], request: DataRequest
) -> Dataset:
    """A set whose torchvision class is `kind`, in the folder `place`, of images of `own_size`."""
    root = _root(request)
    folder = root / place
    _ensure(name, kind, root, folder, request)
    size = request.image_size or own_size
    files = sorted(file.name for file in folder.iterdir())
    path = cache.cache_path(folder, files, (), size, f"{name}-{request.split}")
    stored = cache.read_labelled(path, request.report)
    if stored is None:
        read = _torchvision(kind)
        # Files of torchvision before 0.10 go before those that the cache is named by.
        read = type(kind, (read,), {"processed_folder": ""})
        with _blaming(name, folder):
            decoded = read(root, train=request.split == "train")
        stored = _tensors(decoded, size)
        try:
            cache.write_labelled(path, *stored)
        except GanzooError as error:  # a read-only home is no reason not to train
            request.report(f"{name} is decoded anew in every run: {error}")
    images, labels, classes = stored
    return Dataset.images(name, images, labels, classes)


def _torchvision(kind: str) -> Any:
    return getattr(import_module("torchvision.datasets"), kind)


def _tensors(decoded: Any, size: tuple[int, int]) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """The images, the labels and their names of a set that torchvision has read."""
    images = torch.as_tensor(decoded.data)
    images = images.unsqueeze(1) if images.dim() == 3 else images.permute(0, 3, 1, 2)
    if size != tuple(images.shape[2:]):
        images = _resized(images, size)
    classes = tuple(label.partition(" - ")[0] for label in decoded.classes)  # MNIST: "0 - zero"
    return images.contiguous(), torch.as_tensor(decoded.targets), classes


def _resized(images: Tensor, size: tuple[int, int]) -> Tensor:
    """The images scaled, antialiased, to cover the size, and cropped around their centres."""
    height, width = images.shape[2:]
    scale = min(height / size[0], width / size[1])
    crop = round(size[0] * scale), round(size[1] * scale)
    top, left = (height - crop[0]) // 2, (width - crop[1]) // 2
    images = images[:, :, top : top + crop[0], left : left + crop[1]]
    return torch.cat(
        [
            interpolate(part.float(), size, mode="bicubic", antialias=True)
            .round_()
            .clamp_(0, 255)
            .to(torch.uint8)
            for part in torch.split(images, 1024)
        ]
    )


def _root(request: DataRequest) -> Path:
    chosen = request.root or os.environ.get("GANZOO_DATA")
    root = Path(chosen) if chosen else of_the_user() / "data"
    return expanded(root)


@contextlib.contextmanager
def _blaming(name: str, folder: Path) -> Iterator[None]:
    """Whatever a reader makes of damaged files, as one sentence."""
    try:
        yield
    except Exception as error:
        raise GanzooError(
            f"the files of {name} in '{folder}' are incomplete or damaged: "
            "delete that folder to have them downloaded again"
        ) from error


def _ensure(name: str, kind: str, root: Path, folder: Path, request: DataRequest) -> None:
    """Download a set that is not there.

    It is downloaded and unpacked aside and then moved as a whole, so that `folder` is never there
    in part.
    """
    if _is_filled(folder):
        with _blaming(name, folder):
            for file in folder.iterdir():
                refuse_endless(file)
        return
    within = folder.relative_to(root)
    if root.name == within.parts[0] and _is_filled(root.parent / within):
        raise GanzooError(
            f"'{root}' is the folder of {name} itself: name the one that it lies in, --data-root "
            f"{root.parent}"
        )
    request.report(f"downloading {name} to '{folder}'")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=root, prefix=".download-") as aside,
            _quick_and_quiet(),
        ):
            _torchvision(kind)(aside, download=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
            if folder.is_dir():
                folder.rmdir()
            (Path(aside) / folder.relative_to(root)).rename(folder)
    except Exception as error:
        if _is_filled(folder):  # another process was faster
            return
        reason = error.strerror if isinstance(error, OSError) else None
        reason = reason or (str(error).strip() or type(error).__name__).splitlines()[-1].strip("<>")
        raise GanzooError(
            f"{name} could not be downloaded ({reason}): put its files into '{folder}', or use "
            "--dataset glyphs, which needs no download"
        ) from error


def _is_filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


@contextlib.contextmanager
def _quick_and_quiet() -> Iterator[None]:
    """A server that does not answer is given up; progress bars are for terminals."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(20)
    silence = io.StringIO()
    try:
        if sys.stderr.isatty():
            yield
        else:
            with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
                yield
    finally:
        socket.setdefaulttimeout(before)
