"""What the core itself offers, through the same hooks as any plugin."""

from ganzoo.data.kinds import kinds
from ganzoo.data.made.small import fields
from ganzoo.hookspecs import hookimpl
from ganzoo.spec import (
    DOWNLOADED,
    FILES,
    MADE,
    AugmentationSpec,
    DatasetSpec,
    EvaluatorSpec,
    ExecutorSpec,
    ExtractorSpec,
    Group,
    LoggerSpec,
    LossSpec,
    RegulariserSpec,
)


@hookimpl
def ganzoo_register_datasets() -> list[DatasetSpec]:
    """The embedded sets, torchvision's, and those that the user has as files."""
    sets = "ganzoo.data.sources.torchvision_sets"
    return [
        DatasetSpec("glyphs", "ganzoo.data.made.glyphs:load", "drawn digits", "1x28x28", 10, MADE),
        DatasetSpec("ink", "ganzoo.data.made.ink:load", "glyphs in ink", "3x28x28", 10, MADE),
        DatasetSpec(
            "ring8", "ganzoo.data.made.mixtures:load_ring8", "8 Gaussians on a circle", "2", 8, MADE
        ),
        DatasetSpec(
            "grid25",
            "ganzoo.data.made.mixtures:load_grid25",
            "5x5 grid of Gaussians",
            "2",
            25,
            MADE,
        ),
        DatasetSpec("mnist", f"{sets}:load_mnist", "handwritten digits", "1x28x28", 10, DOWNLOADED),
        DatasetSpec(
            "stacked-glyphs",
            "ganzoo.data.made.stacked:load_stacked_glyphs",
            "3 glyphs as colours",
            "3x28x28",
            1000,
            MADE,
        ),
        DatasetSpec(
            "stacked-mnist",
            "ganzoo.data.made.stacked:load_stacked_mnist",
            "3 digits as colours",
            "3x28x28",
            1000,
            DOWNLOADED,
        ),
        DatasetSpec(
            "fashion-mnist",
            f"{sets}:load_fashion_mnist",
            "articles of clothing",
            "1x28x28",
            10,
            DOWNLOADED,
        ),
        DatasetSpec("cifar10", f"{sets}:load_cifar10", "small photos", "3x32x32", 10, DOWNLOADED),
        DatasetSpec("celeba", f"{sets}:load_celeba", "faces", "3x64x64", 0, DOWNLOADED),
        _files("folder", "a folder of images, or a zip of one", "folder:load"),
        _files("unpaired", "two folders of images", "unpaired:load"),
        _small("glyph-pairs", "glyphs and their ink, aligned", fields.GLYPH_PAIRS),
        _small("painted-glyphs", "glyphs with 4 attributes", fields.PAINTED_GLYPHS),
        _small("moving-glyphs", "videos of flying glyphs", fields.MOVING_GLYPHS),
        _small("voxels", "solids of 4 kinds", fields.VOXELS),
        _small("arithmetic", "texts such as 3+(4*7-1)", fields.ARITHMETIC),
        _small("sines", "5 sine waves at a time", fields.SINES),
        _small("melodies", "tunes as piano rolls", fields.MELODIES),
        _small("fruits", "a table of numbers and words", fields.FRUITS),
        _files("pairs", "pairs of images", "pairs:load"),
        _files("attributes", "images with attributes", "attributes:load"),
        _files("video", "folders of frames", "video:load"),
        _files("npz", "named arrays", "npz:load"),
        _files("csv", "a table", "csv_table:load"),
        _files("text", "texts, by characters", "text:load"),
        _files("words", "texts, by words", "text:load_words"),
    ]


def _files(name: str, title: str, loader: str) -> DatasetSpec:
    """A layout of the user's files, read by a function of `ganzoo.data.sources`."""
    return DatasetSpec(name, f"ganzoo.data.sources.{loader}", title, "any", 0, FILES)


def _small(name: str, title: str, group: Group) -> DatasetSpec:
    """A set of `ganzoo.data.made.small`, whose module is called as the set."""
    return DatasetSpec(
        name,
        f"ganzoo.data.made.small.{name.replace('-', '_')}:load",
        title,
        str(group[0]),
        next((len(field.names) for field in group if field.kind == "label"), 0),
        MADE,
        (group,),
    )


@hookimpl
def ganzoo_register_losses() -> list[LossSpec]:
    """The losses of the literature's best-known games."""
    at = "ganzoo.losses"
    arxiv = "https://arxiv.org/abs/"
    return [
        LossSpec("minimax", f"{at}:minimax", "Goodfellow et al. 2014, eq. 1", f"{arxiv}1406.2661"),
        LossSpec(
            "non-saturating",
            f"{at}:non_saturating",
            "Goodfellow et al. 2014, section 3",
            f"{arxiv}1406.2661",
        ),
        LossSpec(
            "least-squares", f"{at}:LeastSquares", "LSGAN, Mao et al. 2017", f"{arxiv}1611.04076"
        ),
        LossSpec("hinge", f"{at}:hinge", "Lim & Ye 2017", f"{arxiv}1705.02894"),
        LossSpec(
            "wasserstein", f"{at}:wasserstein", "Arjovsky et al. 2017, eq. 3", f"{arxiv}1701.07875"
        ),
        LossSpec(
            "relativistic-average",
            f"{at}:relativistic_average",
            "RaSGAN, Jolicoeur-Martineau 2019",
            f"{arxiv}1807.00734",
        ),
        LossSpec(
            "relativistic",
            f"{at}:relativistic",
            "RSGAN, pairwise, Jolicoeur-Martineau 2019",
            f"{arxiv}1807.00734",
        ),
    ]


@hookimpl
def ganzoo_register_regularisers() -> list[RegulariserSpec]:
    """Penalties on the gradients of D."""
    at, arxiv = "ganzoo.regularisers", "https://arxiv.org/abs/"
    return [
        RegulariserSpec(
            "r1", f"{at}:R1", "gradients at the data, Mescheder et al. 2018", f"{arxiv}1801.04406"
        ),
        RegulariserSpec(
            "r2", f"{at}:R2", "gradients at fakes, Mescheder et al. 2018", f"{arxiv}1801.04406"
        ),
        RegulariserSpec(
            "one-centred",
            f"{at}:OneCentred",
            "norms near 1 between both, Gulrajani et al. 2017",
            f"{arxiv}1704.00028",
        ),
        RegulariserSpec(
            "zero-centred",
            f"{at}:ZeroCentred",
            "norms near 0 between both, Thanh-Tung et al. 2019",
            f"{arxiv}1902.03984",
        ),
    ]


@hookimpl
def ganzoo_register_augmentations() -> list[AugmentationSpec]:
    """Changes of what D sees."""
    return [
        AugmentationSpec(
            "translation",
            "ganzoo.augmentations:Translation",
            "images are moved, DiffAugment, Zhao et al. 2020",
            "https://arxiv.org/abs/2006.10738",
        )
    ]


@hookimpl
def ganzoo_register_evaluators() -> list[EvaluatorSpec]:
    """In the order in which they judge: what is drawn first, then what is made of real samples."""
    at, arxiv, images = "ganzoo.metrics", "https://arxiv.org/abs/", ("image",)
    numbers = tuple(name for name, kind in kinds().items() if not (kind.whole or kind.beside))

    def of_images(name: str, title: str, paper: str = "") -> EvaluatorSpec:
        target = f"{at}.images.measures:{name}"
        return EvaluatorSpec(name.replace("_", "-"), target, title, paper, kinds=images)

    return [
        of_images("frechet", "Fréchet distance of features", f"{arxiv}1706.08500"),
        of_images("kid", "kernel distance of features", f"{arxiv}1801.01401"),
        of_images("precision", "precision and recall", f"{arxiv}1904.06991"),
        of_images("density", "density and coverage", f"{arxiv}2002.09797"),
        of_images("classifier_score", "clear and equally frequent classes", f"{arxiv}1606.03498"),
        of_images("classes", "which classes there are"),
        of_images("consistency", "whether the class that was asked for is shown"),
        of_images("memorised", "copies of training images"),
        of_images("copied", "copies with changes of few training images"),
        of_images("parzen", "log-likelihood by a Parzen window", f"{arxiv}1406.2661"),
        of_images("nearest", "how well samples teach the classes", f"{arxiv}1511.06434"),
        EvaluatorSpec(
            "modes",
            f"{at}.points.modes:modes",
            "modes of a known mixture",
            f"{arxiv}1705.07761",
            kinds=("point",),
        ),
        EvaluatorSpec(
            "distance",
            f"{at}.tensors.evaluator:distance",
            "distances of samples of any numbers",
            kinds=numbers,
        ),
        EvaluatorSpec(
            "tokens",
            f"{at}.tokens.evaluator:tokens",
            "runs of neighbouring tokens",
            kinds=("tokens",),
        ),
        EvaluatorSpec(
            "translation",
            f"{at}.translation.evaluator:translation",
            "translations between two unpaired domains",
            kinds=images,
            ability="translator",
        ),
        EvaluatorSpec(
            "asked",
            f"{at}.translation.asked:asked",
            "whether a translation shows the class that was asked for",
            kinds=images,
            ability="translator",
        ),
        EvaluatorSpec(
            "changes",
            f"{at}.translation.changes:changes",
            "whether attributes are as they were set, and what else is kept",
            kinds=images,
            ability="translator",
        ),
        EvaluatorSpec(
            "pairs",
            f"{at}.pixels.pairs:pairs",
            "translations whose right result is known",
            ability="translator",
        ),
        EvaluatorSpec(
            "targets",
            f"{at}.pixels.targets:targets",
            "translations and targets as sets of images",
            f"{arxiv}1706.08500",
            kinds=images,
            ability="translator",
        ),
        EvaluatorSpec(
            "reconstruction",
            f"{at}.pixels.reconstruction:reconstruction",
            "samples made again from their latents",
            kinds=numbers,
            ability="encoder",
        ),
        EvaluatorSpec(
            "restoration",
            f"{at}.pixels.reconstruction:restoration",
            "the missing middle of images",
            kinds=images,
            ability="restorer",
        ),
        EvaluatorSpec(
            "enlargement",
            f"{at}.pixels.reconstruction:enlargement",
            "small images made large again",
            kinds=images,
            ability="enlarger",
        ),
        EvaluatorSpec(
            "restored-distance",
            f"{at}.pixels.distances:restored_distance",
            "how far images whose middle was missing are from such",
            kinds=images,
            ability="restorer",
        ),
        EvaluatorSpec(
            "enlarged-distance",
            f"{at}.pixels.distances:enlarged_distance",
            "how far small images made large again are from large ones",
            kinds=images,
            ability="enlarger",
        ),
        EvaluatorSpec(
            "accuracy",
            f"{at}.classification:accuracy",
            "classes of test images",
            kinds=images,
            ability="classifier",
        ),
        EvaluatorSpec(
            "measure", f"{at}.own:measure", "what the variant measures of itself", ability=""
        ),
    ]


@hookimpl
def ganzoo_register_extractors() -> list[ExtractorSpec]:
    """In the order in which they are tried where the user names none; a plugin's come later."""
    at = "ganzoo.metrics.features"
    return [
        ExtractorSpec(
            "classifier", f"{at}.classifier:classifier", "a classifier of the labelled data"
        ),
        ExtractorSpec(
            "inception",
            f"{at}.inception:inception",
            "Inception v3, the network of FID",
            "https://arxiv.org/abs/1706.08500",
        ),
    ]


@hookimpl
def ganzoo_register_loggers() -> list[LoggerSpec]:
    """The core's own."""
    at = "ganzoo.training.watching.tensorboard:TensorBoard"
    return [LoggerSpec("tensorboard", at, "event files in the run's folder, for TensorBoard")]


@hookimpl
def ganzoo_register_executors() -> list[ExecutorSpec]:
    """This machine, and others by libraries that know them."""
    at = "ganzoo.jobs"
    return [
        ExecutorSpec("local", f"{at}.local:Local", "processes on this machine"),
        ExecutorSpec("submitit", f"{at}.slurm:Submitit", "jobs of SLURM, by submitit"),
        ExecutorSpec("ray", f"{at}.on_ray:Ray", "tasks of Ray, here or on a cluster"),
    ]
