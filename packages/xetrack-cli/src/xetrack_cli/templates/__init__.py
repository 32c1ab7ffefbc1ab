"""What `xt plugins new` renders: a folder a kind, as code that is checked here under names that stand for the author's.

`xetrack_cli.templates.KIND` stands for the package, `template_name` for the name of the plugin. Nothing imports this.
"""

__all__: list[str] = []
