"""Boundary-seeking GAN (Hjelm et al. 2018), the game of continuous data."""

from ganzoo import AdversarialLoss
from ganzoo.losses import minimax

boundary_seeking = AdversarialLoss(
    minimax.discriminator, lambda fake, _: 0.5 * fake.square().mean()
)
"""D is a classifier as ever; G minimises half the square of the logit, which is 0 on D's decision
boundary, and learns nothing from passing it. The authors' code (rdevon/BGAN) has the square without
the half and, unless told not to, of the logit's difference from a moving average of log Z.
"""
