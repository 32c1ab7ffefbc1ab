"""What `xt plugins new` renders: one folder per kind of plugin.

The code is tested here under placeholder names: `xetrack_cli.templates.KIND` stands for the package, `template_name`
for the name of the plugin. The docstring of each package is its description, a colon, and its usage. Nothing imports
this.
"""

__all__: list[str] = []
