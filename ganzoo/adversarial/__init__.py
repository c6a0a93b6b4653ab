"""The two-player game, and what `--regulariser` and `--augment` do in it and in others."""

from ganzoo.adversarial.game import Adversarial, AdversarialConfig, said_by_d
from ganzoo.adversarial.regularised import Regularised

__all__ = ["Adversarial", "AdversarialConfig", "Regularised", "said_by_d"]
