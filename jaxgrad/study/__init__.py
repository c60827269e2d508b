"""The comparison study: an executable atlas of where JAX and PyTorch agree and differ.

    case          what a case is: inputs, snippets, the verdicts it declares
    cases         the cases, one page in Markdown a topic;  reading: a page -> its cases
    mentions      the PyTorch functions that a case is about
    run           a snippet -> its answer; the only file that imports torch, and only when asked to
    compilation   an answer by one compiled program instead of one for each operation
    answer        what a snippet gave, as data that can be written down
    distribution  the test of random draws against their exact distribution
    record        PyTorch's answers, kept in the package;  schema: what such files must hold
    comparison    two answers -> verdict, ulps, identical elements
    measurement   a case -> its row: every answer and every comparison
    workers       cases -> rows, in several processes;  progress: how many are done
    report        rows -> counts, summary, JSON;  markdown: rows -> tables
    diff          two studies -> what changed from one to the other
    terminal      rows -> what the command prints
    pictures      a row -> its pictures;  page: rows -> one self-contained HTML file
    site          rows -> a web site, with a page for each PyTorch name;  guides: its texts
    command       the commands `jaxgrad study` and `jaxgrad study show`
    speed         the same work in PyTorch, plain JAX and jaxgrad, each in its own process

Nothing here is imported by the library. Needs `pip install 'jaxgrad[study]'`; what asks PyTorch
needs PyTorch too.
"""

from . import _extra as _extra
