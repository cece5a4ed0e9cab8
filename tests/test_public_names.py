"""What the package's root promises."""

import subprocess
import sys

import pytest

import unfreeze


def test_every_public_name_is_there_and_where_it_says() -> None:
    assert sorted({*unfreeze._HOMES, "__version__"}) == sorted(unfreeze.__all__) == sorted(dir(unfreeze))
    for name, home in unfreeze._HOMES.items():
        assert getattr(unfreeze, name).__module__ == home


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        unfreeze.nonsense  # noqa: B018


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, unfreeze; sys.exit(bool({'torch', 'numpy', 'PIL'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
