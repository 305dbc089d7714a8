"""``python -m staticlink.cli`` is the command ``staticlink``."""

import sys

from staticlink.cli.main import main

sys.exit(main())
