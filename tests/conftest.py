"""How examples are drawn: never against the clock, as machines are shared."""

from hypothesis import settings

settings.register_profile("bridge", deadline=None)
settings.load_profile("bridge")
