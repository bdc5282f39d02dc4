"""Public name of `store.base.errors`."""

from .base.errors import *
