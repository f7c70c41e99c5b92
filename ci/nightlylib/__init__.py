"""What ./ci/nightly does: README.md says how."""
