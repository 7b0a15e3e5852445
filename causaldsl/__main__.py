"""``python -m causaldsl`` is the command line."""

from causaldsl.cli.main import main

main()
