"""What is lawful: the expression language and the frame of the fact catalogue; rulebooks come beside them."""
