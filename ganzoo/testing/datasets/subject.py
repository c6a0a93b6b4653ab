"""A data set that is checked: loaded when a check first asks, and never downloaded."""

import contextlib
import io
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

from ganzoo.data.asked import ask
from ganzoo.data.dataset import DataRequest, Dataset
from ganzoo.data.files.wanted import AS_THEY_ARE, Pixels
from ganzoo.errors import GanzooError
from ganzoo.plugins.registered import Registered, load_target
from ganzoo.spec import DOWNLOADED, FILES, DatasetSpec
from ganzoo.testing.check import NotApplicable

SPLITS = ("train", "test")


@dataclass
class Attempt:
    """What happened when a split was asked for."""

    dataset: Any = None
    """What was returned."""
    error: Exception | None = None
    """What was raised."""
    printed: str = ""
    """What was printed on stdout."""
    network: bool = False
    """Whether it would have needed the network."""


@dataclass
class DatasetSubject:
    """An installed data set."""

    registered: Registered[DatasetSpec]
    root: Path | None = None
    """The folder of its files; None: the default one."""
    pixels: Pixels = AS_THEY_ARE
    """How image files are read."""
    report: Callable[[str], None] = lambda message: None
    """Is told what the user of the files should know."""
    _attempts: dict[str, Attempt] = field(default_factory=dict)

    @property
    def spec(self) -> DatasetSpec:
        """As it is registered."""
        return self.registered.spec

    @cached_property
    def loader(self) -> Callable[[DataRequest], Any]:
        """What the spec's target names.

        Raises:
            GanzooError: it is no function.
        """
        loader: Callable[[DataRequest], Any] = load_target(self.spec)
        return loader

    def attempt(self, split: str) -> Attempt:
        """What happens when a split is asked for; it is asked for once.

        Raises:
            NotApplicable: its files are not there.
        """
        if self.spec.source == FILES and self.root is None:
            raise NotApplicable("it reads your files: --data-root DIR checks it on some")
        if split not in self._attempts:
            self._attempts[split] = self.ask(replace(self.request(split), report=self.report))
        attempt = self._attempts[split]
        if self.spec.source == DOWNLOADED and attempt.error is not None:
            if isinstance(attempt.error, GanzooError):
                raise NotApplicable(
                    f"its files are not here (--data-root names another folder): {attempt.error}"
                )
            if attempt.network:
                raise NotApplicable("its files are not here, and a check downloads nothing")
        return attempt

    def request(self, split: str, size: tuple[int, int] | None = None) -> DataRequest:
        """What it is asked for, perhaps in another size than its own."""
        return DataRequest(self.root, split, size, pixels=self.pixels)

    def split(self, name: str) -> Dataset:
        """A split that loads.

        Raises:
            NotApplicable: its files are not there.
        """
        try:
            dataset: Dataset = self.attempt(name).dataset
        except NotApplicable as reason:
            raise NotApplicable("it needs files, see 'loads'") from reason
        return dataset

    def parts(self) -> Iterator[tuple[str, Dataset]]:
        """Each domain of each split, and what to call it.

        Raises:
            NotApplicable: its files are not there.
        """
        for name in SPLITS:
            dataset = self.split(name)
            yield f"the {name} split", dataset.group(0)
            if dataset.other is not None:
                yield f"domain B of the {name} split", dataset.other

    def ask_anew(self, request: DataRequest) -> Attempt:
        """Ask with an image cache that is thrown away, so that files are decoded once more."""
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            mock.patch.dict(os.environ, {"GANZOO_CACHE": folder}),
        ):
            return self.ask(request)

    def ask(self, request: DataRequest) -> Attempt:
        """Ask the loader for something, without a network."""
        attempt, said = Attempt(), io.StringIO()
        with _no_network(attempt), contextlib.redirect_stdout(said):
            try:
                attempt.dataset = ask(self.loader, request)
            except Exception as error:  # a loader may raise anything
                attempt.error = error
        attempt.printed = " ".join(said.getvalue().split())
        return attempt


@contextlib.contextmanager
def _no_network(attempt: Attempt) -> Iterator[None]:
    """Refuse connections to other machines, and take down that there would have been one."""

    def refuse(*_: Any, **__: Any) -> Any:
        attempt.network = True
        raise OSError("a check downloads nothing")

    connect = socket.socket.connect

    def local(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            refuse()
        connect(self, address)

    with (
        mock.patch.object(socket, "getaddrinfo", refuse),
        mock.patch.object(socket.socket, "connect", local),
    ):
        yield
