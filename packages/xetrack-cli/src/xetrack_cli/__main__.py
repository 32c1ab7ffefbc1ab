"""`python -m xetrack_cli`, where `xt` is not on the path."""

from xetrack_cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
