"""Fonts for labels in any script."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from matplotlib.font_manager import fontManager
from matplotlib.ft2font import FT2Font

PACKAGES = ("noto_cjk_sans_otc", "manimgx_fonts")
SUFFIXES = (".ttf", ".ttc", ".otf")


@cache
def font_families() -> list[str]:
    """Matplotlib's default font, then fonts for the scripts that it lacks.

    Matplotlib draws each character in the first of these fonts that has it.
    """
    families = ["sans-serif"]
    for package in PACKAGES:
        folder = Path(str(files(package)))
        for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES):
            fontManager.addfont(path)
            families.append(FT2Font(path).family_name)
    return list(dict.fromkeys(families))
