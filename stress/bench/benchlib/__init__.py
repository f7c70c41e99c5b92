# SPDX-License-Identifier: MIT
"""The driver of the comparison benchmark: see README.md of this folder."""
