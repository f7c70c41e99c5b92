# SPDX-License-Identifier: MIT
"""What ./ci/nightly does: README.md says how."""
