"""What losses and packages are made of: good ones, and for each check some that fail it."""

LOSS_INIT = """
from ganzoo import LossSpec, hookimpl
{extra}
@hookimpl
def ganzoo_register_losses():
    spec = dict(name="toy", target="ganzoo_toy.variant:loss", title="a loss")
    return [LossSpec(**spec | dict({spec}))]
"""

LOSS = """
import torch
from torch.nn.functional import logsigmoid, softplus

from ganzoo import AdversarialLoss


def d_side(real, fake):
    return softplus(-real).mean() + softplus(fake).mean()


def g_side(fake, real):
    return softplus(-fake).mean()


"""

GOOD_LOSSES = {
    "KL divergence": (  # of f-GAN, Nowozin et al. 2016, table 2: its conjugate is exp(t - 1)
        "loss = AdversarialLoss(\n"
        "    lambda r, f: (f - 1).exp().mean() - r.mean(), lambda f, r: -(f - 1).exp().mean(),\n"
        "    score=lambda logits: logits)"
    ),
    "logistic": "loss = AdversarialLoss(d_side, g_side)",
}

BROKEN_LOSSES = [
    # check, the source, what is said, what the spec has
    ("spec", "loss = AdversarialLoss(d_side, g_side)", "has no title", "title=''"),
    ("spec", "loss = AdversarialLoss(d_side, g_side)", "the paper 'Foo 2020'", "paper='Foo 2020'"),
    ("target", "class loss(AdversarialLoss): ...", "is the class loss", ""),
    ("target", "loss = AdversarialLoss(d_side, None)", "its generator is a NoneType", ""),
    (
        "scalar",
        "loss = AdversarialLoss(lambda r, f: softplus(f - r), g_side)",
        "the discriminator's side returns a tensor of shape (12,): take the mean",
        "",
    ),
    (
        "scalar",
        "loss = AdversarialLoss(d_side, lambda f, r: softplus(-f).mean().item())",
        "the generator's side returns a float",
        "",
    ),
    (
        "differentiable",
        "loss = AdversarialLoss(lambda r, f: d_side(r, f.detach()), g_side)",
        "no gradient reaches the fake logits from the discriminator's side",
        "",
    ),
    (
        "finite",
        "loss = AdversarialLoss(d_side, lambda f, r: -torch.log(torch.sigmoid(f)).mean())",
        "the generator's side or its gradient is not finite",
        "",
    ),
    (
        "finite",
        "loss = AdversarialLoss(d_side, lambda f, r: torch.log(1 + torch.exp(-f)).mean())",
        "where the real logits are -10000 and the fake ones -10000",
        "",
    ),
    (
        "finite",
        "loss = AdversarialLoss(d_side, lambda f, r: -(2 * f).exp().mean())",
        "where the real logits are -80 and the fake ones 80",
        "",
    ),
    (
        "rounding",
        "def not_d(f): return -torch.log(1 - torch.sigmoid(f) + 1e-8).mean()\n"
        "loss = AdversarialLoss(lambda r, f: softplus(-r).mean() + not_d(f), g_side)",
        "the discriminator's side or its gradient loses all precision",
        "",
    ),
    (
        "rounding",
        "loss = AdversarialLoss(d_side, lambda f, r: g_side(f.float(), r))",
        "torch.float32 of float64 logits",
        "",
    ),
    (
        "mean",
        "loss = AdversarialLoss(d_side, lambda f, r: softplus(-f).sum())",
        "take the mean, not the sum",
        "",
    ),
    (
        "any-shape",
        "loss = AdversarialLoss(d_side, lambda f, r: softplus(-f).mean(0).sum())",
        "mean() without a dim",
        "",
    ),
    (
        "direction",
        "loss = AdversarialLoss(lambda r, f: d_side(f, r), g_side)",
        "the discriminator's loss does not fall as real logits between 0.2 and 0.8 rise",
        "",
    ),
    (
        "direction",
        "loss = AdversarialLoss(d_side, lambda f, r: softplus(f).mean())",
        "the generator's loss does not fall as fake logits between -0.8 and -0.2 rise",
        "",
    ),
    (
        "generator-sees-real",
        "loss = AdversarialLoss(d_side, lambda f, r: softplus(r.mean() - f).mean())",
        "fails without real logits (AttributeError",
        "",
    ),
    (
        "generator-sees-real",
        "def g_too(f, r): return g_side(f, r) + (0 if r is None else r.mean())\n"
        "loss = AdversarialLoss(d_side, g_too)",
        "variants do not give them",
        "",
    ),
    (
        "generator-sees-real",
        "loss = AdversarialLoss(d_side, g_side, generator_sees_real=True)",
        "which costs a forward pass of D",
        "",
    ),
    (
        "generator-sees-real",
        "loss = AdversarialLoss(d_side, lambda f, r: sotfplus(-f).mean())",
        "NameError at variant.py:",
        "",
    ),
    (
        "score",
        "loss = AdversarialLoss(d_side, g_side, score=lambda x: x.sigmoid().mean())",
        "one number a logit",
        "",
    ),
    ("score", "loss = AdversarialLoss(d_side, g_side, score=torch.neg)", "does not rise", ""),
    (
        "pure",
        "def noisy(r): return r + 0.1 * torch.rand_like(r)\n"
        "loss = AdversarialLoss(lambda r, f: d_side(noisy(r), f), g_side)",
        "without a state or a random number",
        "",
    ),
    (
        "pure",
        "loss = AdversarialLoss(d_side, lambda f, r: (f.data.clamp_(-2, 2), g_side(f, r))[1])",
        "it changes the logits",
        "",
    ),
    (
        "capturable",
        "def on_the_cpu(r, f): return (d_side(r, f) * torch.ones(2, dtype=r.dtype)).mean()\n"
        "loss = AdversarialLoss(on_the_cpu, g_side)",
        "meets a tensor on the CPU",
        "",
    ),
    (
        "capturable",
        "loss = AdversarialLoss(d_side, lambda f, r: g_side(f, r) * (f.mean() < 9).item())",
        "reads a tensor on the host: keep everything in tensors",
        "",
    ),
]

BROKEN_REGISTRATIONS = [
    # what the package does when it is imported, what is said
    ("import torch", "importing ganzoo_toy brings in torch, at __init__.py:3: `import torch`"),
    ("import ganzoo_toy.variant", "(by way of ganzoo_toy.variant)"),
    ("import sys; sys.modules['torch']", "does not register in a fresh process: KeyError: 'torch'"),
    (
        "import os, sys; 'torch' in sys.modules or os._exit(3)",
        "SystemExit: it would have ended the program, with status 3",
    ),
    ("print('hello')", "prints 'hello': leave that out"),
]
