"""Public name of `store.base.models`."""

from .base.fallbacks import *
from .base.models import *
