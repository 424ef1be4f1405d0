"""Places: from documents, rows and features to records, packed as they are read.

There may be a million of them, so none is kept as an object: each is resolved and encoded when it
is met, and read again from its file should there be something to say about it later.
"""
