"""The register of licensed lenders: its import, who is told to be licensed, and whose number something is."""
