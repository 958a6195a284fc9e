"""What the lender's own systems may ask and tell, version 1."""
