"""The installed plugins, for tools that list them, such as `xt plugins` and the conformance kit.

```python
from xetrack.registry import discovered, installed

for found in installed():  # imports no plugin
    print(found.distribution, found.name, found.target)
for offer in discovered().offers("engines"):
    print(offer.provider.name, offer.owner)
```
"""

from xetrack._plugins.discovery import Found, installed, load, scan, shadowed
from xetrack._plugins.factory import choose_engine
from xetrack._plugins.known import OPTIONS, PROVIDERS
from xetrack._plugins.registry import KINDS, OPENED_BY_OPTION, TRACKER_OPTIONS, Offer, Plugins, discovered
from xetrack._spec.hooks import PROJECT
from xetrack._util.locations import is_url, locate

__all__ = [
    "KINDS",
    "OPENED_BY_OPTION",
    "OPTIONS",
    "PROJECT",
    "PROVIDERS",
    "TRACKER_OPTIONS",
    "Found",
    "Offer",
    "Plugins",
    "discovered",
    "engine_of",
    "installed",
    "is_url",
    "load",
    "scan",
    "shadowed",
]


def engine_of(db: str, engine: str | None = None) -> Offer:
    """Return the engine that would open a database, without opening it.

    Args:
        db: path or URL of the database.
        engine: name of the engine, if the user chose one.

    Raises:
        OptionError: no engine takes this URL, or not the chosen one.
        PluginError: the engine's plugin is missing or does not work.
    """
    return choose_engine(discovered(), locate(db), engine)
