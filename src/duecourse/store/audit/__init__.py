"""The audit chain: what happened, in one chain for each borrower, and seals of it that lie outside the database.

form        the bytes that are hashed, and the tree of a seal
chain       entries added in the transaction of what they tell of
sealing     the heads of the chains, signed with a key that the database does not know
verify      every entry that was changed, removed, put elsewhere or cut off
export      one borrower's entries for a third party, who needs no DueCourse to check them
"""
