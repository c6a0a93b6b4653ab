"""Videos as folders of frames: ``--dataset video --data-root DIR [--image-size HxW]``.

Every folder below DIR that holds images is a video, and its images are the frames, in the order of
their names, where numbers count as numbers: ``frame2`` comes before ``frame10``. What counts as an
image and how it is decoded is as in `folder`. All samples have 16 frames, or as many as half of
the videos have if that is less: a longer video is cut into several, a shorter one is left out.

Labels: where all videos lie in two or more folders one level above their own, these are the
classes.

Splits: as the sub-folders ``train`` and ``test``, or ``val``, of DIR say; else every tenth video,
in the order of classes and names, is held out, but for the only video of a class.
"""

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath
from statistics import median_low

import torch
from torch import Tensor

from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.found import BY_NAME, existing, list_images, no_images
from ganzoo.data.files.splits import Split, by_folders, held_out
from ganzoo.data.sources.decoding import decode
from ganzoo.data.sources.folder import chosen_size
from ganzoo.errors import GanzooError, counted
from ganzoo.spec import DataSpec, Field

FRAMES = 16
"""Of a sample, where the videos have as many."""

Clip = tuple[str, ...]
"""The paths of a video's frames, relative to DIR, in their order."""


def load(request: DataRequest) -> Dataset:
    """Fields ``video`` and perhaps ``label``, as the module's documentation describes.

    Raises:
        GanzooError: there is no such folder, or no folder of at least two frames in it.
    """
    root = existing(request.root, "video", "a folder with a folder of frames for each video")
    files = list_images(root, request.report, request.rules)
    if not files:
        raise no_images(root)
    split = by_folders(root, files, request.report, "frame", request.rules)
    depth = split.depth if split else 0
    splits = _splits(root, files, split, request)
    chosen, rest = splits[request.split], splits["test" if request.split == "train" else "train"]
    if not chosen:
        raise GanzooError(
            f"the folder '{root}' has no video for the {request.split} split: give it sub-folders "
            "'train' and 'test' with videos, or ten videos of which one is held out"
        )
    frames = min(FRAMES, median_low([len(clip) for clip in chosen + rest]))
    samples = _cut(root, chosen, frames, request.report)
    others = [file for clip in rest for file in clip]
    images, samples = _decoded(root, samples, others, chosen_size(request), request)
    videos = images.view(len(samples), frames, *images.shape[1:]).transpose(1, 2)
    name = request.folder_name
    group = [Field("video", "video", tuple(videos.shape[1:]))]
    tensors: dict[str, Tensor] = {"video": videos}
    classes = _classes(chosen + rest, depth)
    if classes:
        group.append(Field("label", "label", (), classes))
        tensors["label"] = torch.tensor([classes.index(_above(clip)) for clip in samples])
    return Dataset(DataSpec((tuple(group),), name), tensors)


def _clips(root: Path, files: Sequence[str]) -> list[Clip]:
    """The frames of each folder that holds images, the folders by their names."""
    loose = [file for file in files if "/" not in file]
    if loose:
        raise GanzooError(
            f"the folder '{root}' holds images itself, such as '{loose[0]}': each video must be a "
            "folder of frames in it"
        )

    def folder(file: str) -> str:
        return PurePosixPath(file).parent.as_posix()

    grouped = groupby(sorted(files, key=lambda file: (folder(file), _natural(file))), folder)
    return [tuple(frames) for _, frames in grouped]


def _natural(file: str) -> list[tuple[int, str]]:
    """By which to sort: numbers by their value, then as they are written."""
    parts = re.split(r"(\d+)", PurePosixPath(file).name)
    return [(int(part), part) if part.isdecimal() else (0, part) for part in parts]


def _splits(
    root: Path, files: Sequence[str], split: Split | None, request: DataRequest
) -> dict[str, list[Clip]]:
    if split is not None and (split.files["test"] or request.rules == BY_NAME):
        return {name: _clips(root, part) for name, part in split.files.items()}
    clips = _clips(root, files)
    labelled = bool(_classes(clips, split.depth if split else 0))
    classes = [_above(clip) for clip in clips] if labelled else []
    train, test = held_out(root, clips, request.report, "video", classes, request.rules)
    return {"train": train, "test": test}


def _cut(
    root: Path, clips: Sequence[Clip], frames: int, report: Callable[[str], None]
) -> list[Clip]:
    """Samples of so many frames each."""
    if frames < 2:
        raise GanzooError(
            f"most videos in '{root}' have one frame, such as '{clips[0][0]}': each must be a "
            "folder of several"
        )
    samples = [
        clip[start : start + frames]
        for clip in clips
        for start in range(0, len(clip) - frames + 1, frames)
    ]
    videos = counted(len(clips), "video")
    report(f"{counted(len(samples), 'sample')} of {frames} frames cut from {videos}")
    short = sum(len(clip) < frames for clip in clips)
    rest = sum(len(clip) % frames for clip in clips if len(clip) >= frames)
    if short:
        report(f"left out: {counted(short, 'video')} of '{root}' with fewer than {frames} frames")
    if rest:
        report(f"left out: {counted(rest, 'frame')} of '{root}' at the ends of videos")
    if not samples:
        raise GanzooError(f"no video in '{root}' has {frames} frames: give it longer ones")
    return samples


def _decoded(
    root: Path,
    samples: list[Clip],
    others: Sequence[str],
    size: tuple[int, int],
    request: DataRequest,
) -> tuple[Tensor, list[Clip]]:
    """The frames of the samples of which every frame can be read, one after the other."""

    report, wanted = request.report, request.reading

    def read(some: list[Clip]) -> tuple[Tensor, Tensor]:
        files = [file for clip in some for file in clip]
        return decode(root, files, size, report, others, most_bits=8, wanted=wanted)

    images, kept = read(samples)
    whole = kept.view(len(samples), -1).all(1).tolist()
    if all(whole):
        return images, samples
    lost = counted(whole.count(False), "sample")
    report(f"left out: {lost} of '{root}' with a frame that was skipped")
    samples = [clip for clip, is_whole in zip(samples, whole, strict=True) if is_whole]
    if not samples:
        raise GanzooError(f"each video in '{root}' has a frame that cannot be read")
    return read(samples)[0], samples  # once more, as they then are mapped and not copied


def _classes(clips: Sequence[Clip], depth: int) -> tuple[str, ...]:
    """The folders that the videos' folders lie in, where they are labels."""
    depths = {len(PurePosixPath(clip[0]).parts) for clip in clips}
    names = tuple(sorted({_above(clip) for clip in clips})) if depths == {3 + depth} else ()
    return names if len(names) > 1 else ()


def _above(clip: Clip) -> str:
    return PurePosixPath(clip[0]).parts[-3]
