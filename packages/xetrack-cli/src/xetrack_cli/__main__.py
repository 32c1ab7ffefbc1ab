"""`python -m xetrack_cli`, for when `xt` is not on the path."""

from xetrack_cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
