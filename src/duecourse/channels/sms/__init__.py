"""Short messages over SMPP 3.4, the protocol of message centres.

settings.py    where the centre is, and how it wants to be spoken to
transport.py   what every channel can do
words.py       alphabets, and how a long text is split
pdu.py         what stands on the wire
link.py        one bound connection
receipts.py    what a centre tells of a message
replies.py     words that come in, and long ones joined
"""
