function verifyPage(raw, root) {}
