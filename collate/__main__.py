"""`python -m collate`, for machines where the script is not on the path."""

import sys

from collate.cli import main

sys.exit(main())
