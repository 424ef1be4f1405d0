"""PQL text to an expression of ours: the common subset, and a reason for what is left out.

found = translate('loyalty.tier = "plus" and email.isNotNull()', schema, audience_ids)
found.expression    # CEL, checked against the schema
found.notes         # where the two languages may still be read differently
"""

from offerd.dialects.pql.names import Names
from offerd.dialects.pql.translate import Translation, translate

__all__ = ["Names", "Translation", "translate"]
