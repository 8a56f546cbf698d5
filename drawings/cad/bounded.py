"""The careful reader in a process of its own, for large files: neither memory nor time can run away with the caller.

The parser of the careful reader cannot be stopped from inside. ``python -m drawings.cad.bounded FOLDER``: FOLDER holds
``task`` (what to read) and gets ``result``, both pickles this program wrote itself.
"""

from __future__ import annotations

import hashlib
import math
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from drawings.cad.dxf import read_dxf
from drawings.cad.model import CadFile
from drawings.cad.source import first_bad_tag
from drawings.issues import Collector
from drawings.reading import Reading

#: files from this size on are read in a process of their own
FROM_BYTES = 4_000_000
_MEMORY_BYTES = 2_000_000_000
_GRACE_SECONDS = 4.0
#: how many times its seconds of processor a process may take on the clock: other work may keep the processor busy
PATIENCE = 2.0


def read_careful(data: bytes, name: str, settings: Reading, unit: str | None) -> CadFile:
    """As :func:`~drawings.cad.dxf.read_dxf`; a large file that takes too much ends in ``DXF-BOUND``."""
    if len(data) < FROM_BYTES:
        return read_dxf(data, name, settings, unit)
    seconds = settings.limits.seconds + _GRACE_SECONDS
    with tempfile.TemporaryDirectory(prefix="dxf-") as folder:
        with Path(folder, "task").open("wb") as stream:
            pickle.dump((data, name, settings, unit), stream)
        command = [sys.executable, "-m", "drawings.cad.bounded", folder]
        root = Path(__file__).resolve().parents[2]
        try:
            ended = subprocess.run(
                command, capture_output=True, timeout=PATIENCE * seconds, check=False, cwd=root
            )
            result = Path(folder, "result")
            if ended.returncode == 0 and result.is_file():
                with result.open("rb") as stream:
                    found: CadFile = pickle.load(stream)  # written by our own child just now
                return found
        except subprocess.TimeoutExpired:
            pass
    issues = Collector(settings.limits.issues_per_code, file=name)
    wrong = first_bad_tag(data, "utf-8")  # what the parser stumbled over, if it is in the tags
    if wrong is not None:
        issues.add("DXF-BAD-VALUE", line=wrong[1], found=wrong[2])
    issues.add("DXF-BOUND", seconds=math.ceil(seconds))
    return CadFile(name, hashlib.sha256(data).hexdigest(), "dxf", issues=issues.finish())


def main(folder: Path) -> int:
    """Entry of the process."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with (folder / "task").open("rb") as stream:
        data, name, settings, unit = pickle.load(stream)  # written by our own parent
    most = math.ceil(settings.limits.seconds + _GRACE_SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
    found = read_dxf(data, name, settings, unit, clock=time.process_time)
    with (folder / "result").open("wb") as stream:
        pickle.dump(found, stream, protocol=pickle.HIGHEST_PROTOCOL)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
