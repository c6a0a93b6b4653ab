"""What is computed depends on neither the number of threads nor the process."""

import subprocess
import sys


def by_threads(imports: str, images: str) -> set[str]:
    """The digests of ``images``, an expression, computed by a process of one thread and of four."""
    code = (
        f"import hashlib, sys, torch; {imports};"
        "torch.set_num_threads(int(sys.argv[1])); threads = torch.get_num_threads();"
        f"images = {images};"
        "print(hashlib.sha256(images.numpy().tobytes()).hexdigest(), threads);"
        "assert torch.get_num_threads() == threads"
    )
    digests = set[str]()
    for count in ("1", "4"):  # torch gives them, whatever cores there are
        done = subprocess.run(
            [sys.executable, "-c", code, count], capture_output=True, text=True, check=True
        )
        digest, threads = done.stdout.split()
        assert threads == count
        digests.add(digest)
    return digests
