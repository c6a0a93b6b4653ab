"""cGANs with projection discriminator (Miyato & Koyama 2018): both networks are told the class.

D adds the inner product of its features and an embedding of the class to its verdict (eq. 4), and
G's norms have a scale and a shift for each class (section 4; Dumoulin et al. 2017).
"""

from ganzoo_sngan.sngan import SNGAN


class ProjectionGAN(SNGAN):
    """SNGAN's networks and game, with labels."""

    conditional = True
    name = "projgan"
