"""E-mail: out over SMTP, in from a folder of mails (a maildir) that a mail server or our own receiver fills.

settings    what a lender sets
tokens      names of messages that only we can write, for addresses and Message-IDs
addresses   mailboxes
writing     a message as the exact bytes that leave
transport   hands them over, and tells what became of them
inbound     what came in: bounces, reports, automatic answers, complaints, replies
words       what a reply itself says, without what it quotes
maildir     the folder that mails come in by
receiving   a receiver for a mail server on this machine, which fills that folder
"""
