"""Says which heavy modules a command of ours leaves loaded: python -m benchmarks.loaded WORDS OF THE COMMAND."""

import json
import sys

HEAVY = ("torch", "timm", "sklearn", "matplotlib", "onnxruntime")


def main() -> None:
    """Runs the command in this process and prints what it loaded."""
    sys.argv = ["unfreeze", *sys.argv[1:]]
    from unfreeze.cli.main import main as unfreeze

    try:
        unfreeze()
    except SystemExit as stop:
        if stop.code:
            raise
    print(json.dumps({"loaded": [name for name in HEAVY if name in sys.modules]}))


if __name__ == "__main__":
    main()
