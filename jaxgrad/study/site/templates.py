"""The templates of the pages: everything that is put into one is escaped."""

import functools

import jinja2


@functools.cache
def environment() -> jinja2.Environment:
    """Where the templates are found and how they are read."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("jaxgrad.study", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
