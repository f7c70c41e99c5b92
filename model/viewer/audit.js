function auditPage(raw, root) {}
