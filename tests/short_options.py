"""A plugin that gives the options of ontrial their short names, as this suite's conftest does."""

from pytest_ontrial import add_short_options as pytest_addoption

__all__ = ["pytest_addoption"]
