"""The same work in PyTorch eager, torch.compile, plain JAX and jaxgrad: `jaxgrad speed`.

    works     the work, as code for each competitor
    timing    one measurement, in a process that holds one library
    rounds    works -> cells: the competitors take turns, each in processes of its own
    machine   what is measured on, and what is not there
    limits    how fast the machine reads, copies and multiplies
    table     cells -> JSON and Markdown
    sizes     the cost against the size, as works and as a picture
    command   what is printed and written

Two runtimes in one process fight over threads and memory, which is why no process holds two.
"""
