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
from xetrack._plugins.known import OPTIONS, PROVIDERS
from xetrack._plugins.registry import KINDS, OPENED_BY_OPTION, TRACKER_OPTIONS, Offer, Plugins, discovered
from xetrack._spec.hooks import PROJECT

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
    "installed",
    "load",
    "scan",
    "shadowed",
]
