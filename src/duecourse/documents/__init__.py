"""Documents on paper: Typst templates, and what they are given, to PDF.

pdf.pdf(template, data) -> bytes      the same bytes for the same data, without a network
shapes.py                             what each template is given
templates/*.typ, labels.json          how it looks, and the words that are not the lender's own
fonts/                                Chinese type; Latin, Greek and Cyrillic come with Typst

A document says what it was given, and nothing else: it knows no database, no law and no clock.
"""
