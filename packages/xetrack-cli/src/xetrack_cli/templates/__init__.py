"""The files that `xt plugins new` renders: one folder per kind of plugin.

They are real code, so that our checks cover them. `xetrack_cli.templates.KIND` is replaced by the author's package, and
`template_name` by the plugin's name. Nothing imports this package.
"""

__all__: list[str] = []
