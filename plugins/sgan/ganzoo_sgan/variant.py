"""Semi-supervised GANs: D tells K classes and fakes, and is told the class of a few images only.

By two papers: Odena 2016, and Salimans et al. 2016, section 5, where G matches features of D.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import (
    Adam,
    Batch,
    Dataset,
    DataSpec,
    Gallery,
    GanzooError,
    Phase,
    Player,
    option,
)
from ganzoo.abilities import Classifier
from ganzoo.adversarial import Regularised, said_by_d
from ganzoo.augmentations import SeenAugmentation, augment_option
from ganzoo.data.feed import first_samples
from ganzoo.losses import non_saturating
from ganzoo.regularisers import Regulariser, regulariser_option
from ganzoo.schedules import decays
from ganzoo_sgan import losses
from ganzoo_sgan.labels import balanced_subset
from ganzoo_sgan.papers import Odena, Paper, Salimans

FEATURE_MATCHING, ODENA = "feature-matching", "odena"
PAPERS: dict[str, Paper] = {FEATURE_MATCHING: Salimans(), ODENA: Odena()}
BASELINE_EVERY = 4
"""Iterations: a few labelled images are soon learned, and it need not cost a third of the time."""


@dataclass(frozen=True)
class SGANConfig:
    """Which of the two papers, and how many labels."""

    objective: str = option(
        FEATURE_MATCHING, "losses and networks of which paper", choices=(*PAPERS,)
    )
    labels: int = option(100, "images whose label is used, balanced over the classes", minimum=1)
    label_draw: int = option(0, "which random choice of these images", minimum=0, maximum=2**32 - 1)
    supervised_only: bool = option(False, "train the classifier on the labelled images alone")
    unlabelled_weight: float = option(1.0, "of the unlabelled loss in that of D", minimum=0)
    latent_dim: int = option(100, "dimensions of the latent z", minimum=1)
    width: int = option(
        16, "odena: feature maps next to the image, doubled at each halving", minimum=1
    )
    lr: float | None = option(
        None, "learning rate of D's Adam: 3e-3 for feature-matching, else 1e-3", above=0
    )
    generator_lr: float = option(1e-3, "learning rate of G's Adam", above=0)
    beta1: float = option(0.5, "first-moment decay of all Adams", minimum=0, maximum=0.9999)
    decay_from: float = option(
        0.5, "progress from which on learning rates fall to 0; 1: never", minimum=0, maximum=1
    )
    ema: float = option(
        0.9999, "decay of the average of weights that tests and samples use", minimum=0, maximum=1
    )
    regulariser: Mapping[str, Regulariser] = regulariser_option()
    augment: Mapping[str, SeenAugmentation] = augment_option()


class SGAN(Regularised, Classifier):
    """G, the classifier D, and the baseline: the same D, taught by the labelled images alone."""

    Config = SGANConfig
    config: SGANConfig
    published = ("generator", "classifier")
    prior = "uniform"
    held_out = True
    regularised_player = "classifier"
    batchwise = True  # feature matching compares means over a batch

    @classmethod
    def recipe(cls, data: DataSpec) -> dict[str, Any]:
        return {"steps": 6000, "batch_size": 100, "labels": max(100, data.classes)}

    def __init__(self, config: SGANConfig, data: DataSpec) -> None:
        super().__init__(config, data)
        if not data.is_image:
            raise GanzooError(f"sgan needs images, and '{data.name}' has points: try cgan")
        if not data.classes:
            raise GanzooError(f"sgan needs labelled images, and '{data.name}' has no labels")
        if config.labels < data.classes:
            raise GanzooError(
                f"--labels {config.labels} is less than one label for each of the {data.classes} "
                f"classes of '{data.name}'"
            )
        if config.supervised_only and config.regulariser:
            raise GanzooError(
                "--supervised-only plays no game, of whose D --regulariser says how it is to be: "
                "leave one of them out"
            )
        self.equip(self.scores)
        self.synchronised = self.remembered()
        self.paper = PAPERS[config.objective]
        generator, self.classifier = self.paper.networks(config.latent_dim, config.width, data)
        if config.supervised_only:
            self.generator: nn.Module = nn.Identity()  # nobody draws from it
            self.supervised = "classifier"
        else:
            self.generator = generator
            self.baseline = copy.deepcopy(self.classifier)
            self.supervised = "baseline"

    def streams(self, dataset: Dataset) -> list[dict[str, Tensor]]:
        image, label = dataset.fields["image"], dataset.fields["label"]
        if self.config.labels > len(dataset):
            raise GanzooError(
                f"--labels {self.config.labels} is more than the {len(dataset)} images of "
                f"'{dataset.name}': choose at most {len(dataset)}"
            )
        chosen = balanced_subset(label, self.config.labels, self.config.label_draw)
        return [
            {"image": image[chosen], "label": label[chosen]},
            {"unlabelled": image},
            {"unlabelled_for_generator": image},
        ]

    def players(self) -> dict[str, Player]:
        config = self.config
        lr = config.lr or self.paper.lr

        def player(net: str, lr: float) -> Player:
            optim = Adam(lr, (config.beta1, 0.999), self.paper.eps)
            return Player((net,), optim, ema=config.ema)

        players = {"classifier": player("classifier", lr)}
        if not config.supervised_only:
            players["generator"] = player("generator", config.generator_lr)
            players["baseline"] = player("baseline", lr)
        return players

    def phases(self) -> list[Phase]:
        if self.config.supervised_only:
            return [Phase("supervised", "classifier", self.supervised_loss)]
        return [
            Phase(
                "classifier",
                loss=self.classifier_loss,
                after=self.adapt,
                second_order=self.second_order,
            ),
            Phase("generator", "generator", self.generator_loss),
            Phase("supervised", "baseline", self.supervised_loss, every=BASELINE_EVERY),
            *self.lazily(),
        ]

    def schedules(self) -> dict[str, Callable[[float], float]]:
        return decays(self.players(), self.config.decay_from)

    def classifier_loss(self, batch: Batch) -> Tensor:
        """Salimans et al., section 5: L = L_supervised + L_unsupervised."""
        real, fake = self.real(batch), self.fakes(batch)
        # No unit of D sees more than one image, so that one pass does for all three kinds.
        images = self.seen(torch.cat((batch.image, real, fake)))
        labelled, of_real, of_fake = self.classifier(images).chunk(3)
        supervised = losses.class_loss(labelled, batch.label)
        unsupervised = losses.unlabelled_loss(of_real, of_fake)
        batch.metrics["labelled_loss"] = supervised.detach()
        batch.metrics["unlabelled_loss"] = unsupervised.detach()
        logits = losses.real_logit(of_real), losses.real_logit(of_fake)
        batch.metrics |= said_by_d(non_saturating, self.augmentations, *logits)
        loss = supervised + self.config.unlabelled_weight * unsupervised
        return self.regularised(loss, batch, tuple(zip((real, fake), logits, strict=True)))

    def generator_loss(self, batch: Batch) -> Tensor:
        latent = self.sample_latent(len(batch))
        fake, unlabelled = self(latent), batch.data["unlabelled_for_generator"]
        seen = self.seen(fake), self.seen(unlabelled)
        loss = self.paper.generator_loss(self.classifier, *seen)
        return self.with_nearby(loss, batch, latent, fake, left=False)

    def judge(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """log p(y <= K | x) - log p(y = K+1 | x), (n,), of images as D sees them."""
        return losses.real_logit(self.classifier(self.seen(image)))

    def real(self, batch: Batch) -> Tensor:
        return batch.data["unlabelled"]

    def supervised_loss(self, batch: Batch) -> Tensor:
        """What the labelled images teach without the others."""
        net = self.get_submodule(self.supervised)
        return losses.class_loss(net(self.seen(batch.image)), batch.label)

    def measure(self, test: Dataset) -> dict[str, float]:
        """The accuracy of the classifier and of the baseline on images that neither has seen."""
        measured = {"supervised_accuracy": self._accuracy(self.supervised, test)}
        if not self.config.supervised_only:
            measured = {"test_accuracy": self._accuracy("classifier", test), **measured}
        return measured

    def _accuracy(self, net: str, test: Dataset) -> float:
        right = 0
        for part in torch.split(torch.arange(len(test)), 500):
            seen = first_samples(  # as in a batch
                [{name: tensor[part] for name, tensor in test.fields.items()}], 500, self.device
            )
            found = self.get_submodule(net)(seen["image"])[:, :-1].argmax(1)
            right += int((found == seen["label"]).sum())
        return right / len(test)

    def classify(self, image: Tensor) -> Tensor:
        return losses.class_probabilities(self.classifier(image))

    def gallery(self, examples: dict[str, Tensor]) -> Tensor | Gallery:
        """Samples; of a supervised training, the images that it learns from."""
        return examples["image"] if self.config.supervised_only else super().gallery(examples)

    def sample_latent(self, n: int) -> Tensor:
        if self.config.supervised_only:
            raise GanzooError("a run with --supervised-only has no generator to draw samples from")
        return self.paper.sample_latent(n, self.config.latent_dim, self.device)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        image: Tensor = self.generator(latent)
        return image

    def truncated(self, latent: Tensor, psi: float, label: Tensor | None = None) -> Tensor:
        mean = self.paper.mean
        return self(mean + psi * (latent - mean))
