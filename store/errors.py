"""Public name of `store.base.errors`."""

from .base.errors import *  # noqa: F403
