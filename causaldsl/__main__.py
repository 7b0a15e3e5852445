"""``python -m causaldsl`` is the command line."""

import sys

try:
    from causaldsl.cli.main import main

    main()
except KeyboardInterrupt:  # before a command has begun
    sys.exit(130)
