"""The desk: what staff see and do in a browser. Every act goes through the gate, and every page says for whom it is."""
