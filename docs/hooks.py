"""What MkDocs calls while it builds the site.

It fills in what is written from the code, makes pages of the notebooks, lets the keyboard reach
what scrolls, and checks the links that lead into the site.
"""

import logging
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from reference import commands, configuration, exit_codes, http, metrics, notebook, python

log = logging.getLogger("mkdocs.hooks")  # a warning fails the build, which is strict
MARK = "<!-- from the code -->"
WRITERS = {
    "reference/commands.md": commands.write,
    "reference/configuration.md": configuration.write,
    "reference/exit_codes.md": exit_codes.write,
    "reference/http.md": http.write,
    "reference/metrics.md": metrics.write,
    "reference/python.md": python.write,
}
NOTEBOOK_LINK = re.compile(r"\]\(([\w./-]+)\.ipynb\)")
LINK = re.compile(r"\]\(docs/([^)#]+)(?:#([^)]+))?\)")
OUTSIDE = ("README.md", "SECURITY.md")  # pages of the project that link to docs/


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook, and its pictures; the notebook itself lies beside it."""
    for file in list(files):
        if file.src_uri.endswith(".ipynb"):
            page = notebook.read_page(Path(config.docs_dir, file.src_uri))
            name = file.src_uri.removesuffix(".ipynb")
            files.append(File.generated(config, f"{name}.md", content=page.markdown))
            folder = name.rpartition("/")[0]
            for address, content in page.pictures.items():
                files.append(File.generated(config, f"{folder}/{address}", content=content))
            for problem in page.problems:
                log.warning("%s: %s", file.src_uri, problem)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links to notebooks lead to their pages, and put what is written from the code into a page
    of reference, at its mark."""
    markdown, name = NOTEBOOK_LINK.sub(r"](\1.md)", markdown), page.file.src_uri
    if name not in WRITERS:
        return markdown
    before, mark, after = markdown.partition(MARK)
    if not mark:
        log.warning("%s: expected a line %s; got none", name, MARK)
    return f"{before}{WRITERS[name]()}\n{after}"


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let the keyboard reach each block, which may be wider than the page."""
    return html.replace("<pre>", '<pre tabindex="0">')


def on_post_build(config: MkDocsConfig) -> None:
    """Warn of each link of README and SECURITY that leads to no page, or to no heading of it."""
    root = Path(config.docs_dir).parent
    for name in OUTSIDE:
        for target, anchor in LINK.findall((root / name).read_text("utf-8")):
            page = Path(config.site_dir, target)
            page = page.with_suffix(".html") if page.suffix == ".md" else page
            if not page.is_file():
                log.warning("%s: docs/%s does not exist", name, target)
            elif anchor and f'id="{anchor}"' not in page.read_text("utf-8"):
                log.warning("%s: docs/%s has no heading #%s", name, target, anchor)
