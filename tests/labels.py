"""Labels that a renderer may take for its own syntax, or cannot draw."""

NASTY_LABELS = [
    "$$", "a|b", "a,b", "line\nbreak", "line break", "<b>bold</b>", "&amp;", "\\", "_", "_hidden",
    "`", "**", "[x](y)", "-", ".", "/", "a/../b", "😀 👩‍💻", "中文标签", "日本語 かな",
    "한국어", "العربية", "हिन्दी ไทย",
    " ", "\u200b", "tab\there", "\x1b[31mred", "x" * 300, "=1+1", "'", '"', "a, b", "%s", "{x}",
    "NA", "null", "nan", "inf", "007", "Größe",
]  # fmt: skip
