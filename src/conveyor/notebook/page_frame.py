"""A whole page in a frame of a notebook."""

from html import escape

HEIGHT = 720  # pixels


def frame_page(title: str, page: str) -> str:
    """Return HTML that shows a page.

    The frame is an origin of its own, so that nothing that a row holds can reach the notebook.

    Args:
        title: what a screen reader says of the frame.
        page: as HTML, which needs no network.
    """
    return (
        f'<iframe title="{escape(title)}" sandbox="allow-scripts" srcdoc="{escape(page)}" '
        f'style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'
    )
