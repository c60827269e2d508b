"""The templates of the pages, which escape all that is put into them."""

import functools

import jinja2


@functools.cache
def environment() -> jinja2.Environment:
    """The environment of the templates."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("jaxgrad.study", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
