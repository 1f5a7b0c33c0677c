"""Fonts for labels in any script."""

from functools import cache
from importlib.resources import as_file, files

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
        resources = [f for f in files(package).iterdir() if f.name.endswith(SUFFIXES)]
        for resource in sorted(resources, key=lambda resource: resource.name):
            with as_file(resource) as path:
                fontManager.addfont(path)
                families.append(FT2Font(path).family_name)
    return list(dict.fromkeys(families))
