"""Letters: handed over to be printed, posted by people, and sometimes returned.

transport.py    a print file to which letters are added
posting.py      what happens to it then: withdrawn, closed, posted, returned

A letter is judged again before its batch is closed; what may not leave any more is withdrawn.
"""
