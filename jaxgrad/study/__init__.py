"""The comparison study: an executable atlas of where JAX and PyTorch agree and differ.

    case       what a case is: inputs, three snippets, the verdicts it declares
    cases      the cases, one file a family
    answer     what a snippet gave, as data that can be written down
    run        a snippet -> its answer; the only file that imports torch, and only when asked to
    law        the distribution of a random answer
    measure    two answers -> verdict, ulps, identical elements
    record     PyTorch's answers, kept in the package
    rows       cases -> rows: everything measured
    report     rows -> terminal table, JSON;  page: rows -> one self-contained HTML file
    speed      the same work in PyTorch and jaxgrad, each in its own process

Nothing here is imported by the library.
"""
