"""Build the site of the documents: `make site`.  Nothing is fetched, and a warning is an error."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

project = "Latchkey"
author = "Latchkey"
extensions = ["myst_parser"]
root_doc = "docs/index"
# The documents stand in docs/, and some beside it, where whoever comes to the repository looks for them.
include_patterns = ["docs/**.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
# Of the rest nothing is even looked at.
exclude_patterns = [each.name for each in ROOT.iterdir() if each.is_dir() and each.name != "docs"]
nitpicky = True

# As GitHub makes them, to which every link in the documents is written; a test checks that, too.
myst_heading_anchors = 4
myst_enable_extensions = []
highlight_language = "text"
smartquotes = False


html_theme = "furo"
html_title = "Latchkey"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
html_theme_options = {"footer_icons": [], "top_of_page_buttons": []}
# Whoever opens the folder comes to the first page.
html_additional_pages = {"index": "to-the-first-page.html"}
templates_path = ["site/templates"]
