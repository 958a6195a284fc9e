"""The register of dishonest debtors that lenders may share, where a law expressly permits one; closed everywhere else.

`permission` asks the law, `register` takes a debtor in and out by due process, `signed` signs, `readers` serves those
who may look people up, `notices` and `courts` write the papers. The courts' own list is no part of the register.
"""
