"""The same work in PyTorch eager, torch.compile, plain JAX and jaxgrad: `jaxgrad speed`.

    works     the work, as code for each competitor
    timing    one measurement, in a process that holds one library
    rounds    works -> cells: the competitors take turns, each in processes of its own
    machine   the processor, the versions, and what is missing
    limits    how fast the machine reads, copies and multiplies
    table     cells -> JSON and Markdown
    sizes     the time over the size, as works and as a picture
    command   the command `jaxgrad speed`

Two runtimes in one process compete for threads and memory, so no process holds two.
"""
