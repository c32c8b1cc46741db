"""The optional tracer: strace around a kernel, and what its log says in the journal's words."""
