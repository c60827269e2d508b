"""The comparison study: an executable atlas of where JAX and PyTorch agree and differ.

    case       what a case is: inputs, three snippets, the verdicts it declares
    cases      the cases, one page in Markdown a topic
    reading    a page -> its cases;  mentions: the PyTorch functions that a case is about
    answer     what a snippet gave, as data that can be written down
    run        a snippet -> its answer; the only file that imports torch, and only when asked to
    program    an answer by one compiled program instead of one for each operation
    distribution  the test of a random answer against its exact distribution
    measure    two answers -> verdict, ulps, identical elements
    record     PyTorch's answers, kept in the package
    rows       cases -> rows: everything measured
    workers    the cases, each in one of several processes
    report     rows -> counts, summary, JSON;  page: rows -> one self-contained HTML file
    site       rows -> a web site, with a page for each PyTorch name;  guides: its texts
    mentions   the PyTorch functions that a case is about
    terminal   rows -> what the command prints;  progress: how far it is
    speed      the same work in PyTorch, plain JAX and jaxgrad, each in its own process

Nothing here is imported by the library. Needs `pip install 'jaxgrad[study]'`; what asks PyTorch
needs PyTorch too.
"""

from . import _extra as _extra
