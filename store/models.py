"""Public name of `store.base.models`."""

from .base.models import *
