# SPDX-License-Identifier: MIT
"""Bad input, as one line.

Everything a person can get wrong ends as a BadInput, which the command turns into one line on
stderr and exit code 2. Nothing else is caught so wide.
"""


class BadInput(Exception):
    """Its text is one line and names the file or option."""
