"""Microsoft's own SDKs as clients of the stand-in tenant: a judge that shares no code with us."""
