"""The study's web site: `jaxgrad study --site FOLDER`.

build      measured rows -> the files of the site
names      PyTorch's names, what jaxgrad offers for each, its cases and its verdict
verdicts   the closed list of verdicts, and how several cases become one
costly     the ten silent differences of the first screen
reference  a docstring as HTML;  guides: Markdown and notebooks as HTML
blocks     a row as data for the templates;  highlight: Python as HTML
"""
