"""Why the catalog says no."""

from foundation.refusal import Kind, Reason

ITEM_UNKNOWN = Reason(
    "ITEM_UNKNOWN",
    Kind.INVALID,
    meaning="The catalog has no such item.",
    remedy="Use a code from the catalog (ListCatalogItems); what is not in the catalog can't be recorded.",
    source="54号 clause 1",
)
ITEM_NOT_IN_FORCE = Reason(
    "ITEM_NOT_IN_FORCE",
    Kind.PRECONDITION,
    meaning="The catalog item is not in force.",
    remedy="Hand the record in under an item in force, or not at all.",
    source="54号 clause 1",
)
SUBJECT_TYPE_NOT_COVERED = Reason(
    "SUBJECT_TYPE_NOT_COVERED",
    Kind.INVALID,
    meaning="The item does not cover this type of party.",
    remedy="Check the item: it names enterprises, natural persons, or both.",
    source="54号 clause 1; Shenzhen regulation art. 34",
)
DOCUMENT_MISSING = Reason(
    "DOCUMENT_MISSING",
    Kind.INVALID,
    meaning="A finding rests only on a legally effective document; a part of it is missing.",
    remedy="Give the document's kind, number, authority and dates.",
    source="54号 clause 2",
)
DOCUMENT_KIND_NOT_ALLOWED = Reason(
    "DOCUMENT_KIND_NOT_ALLOWED",
    Kind.INVALID,
    meaning="The item does not allow a document of this kind as basis.",
    remedy="See which kinds the item names; a finding on another kind of document can't be recorded.",
    source="54号 clause 2",
)
DOCUMENT_NOT_EFFECTIVE = Reason(
    "DOCUMENT_NOT_EFFECTIVE",
    Kind.PRECONDITION,
    meaning="The document is not yet legally effective.",
    remedy="Hand the record in when the document has taken effect.",
    source="54号 clause 2",
)
DATE_IN_FUTURE = Reason(
    "DATE_IN_FUTURE",
    Kind.INVALID,
    meaning="The date lies in the future.",
    remedy="Correct the date of determination.",
    source="54号 clause 2",
)
DATES_CONTRADICT = Reason(
    "DATES_CONTRADICT",
    Kind.INVALID,
    meaning="The document would be effective before it was made.",
    remedy="Correct the dates.",
    source="54号 clause 2",
)
WRONG_AUTHORITY = Reason(
    "WRONG_AUTHORITY",
    Kind.DENIED,
    meaning="The caller may hand in only what its own authority determined.",
    remedy="Who produces a record answers for it: have the determining authority hand it in.",
    source="54号 clause 3",
)
AUTHORITY_INVALID = Reason(
    "AUTHORITY_INVALID",
    Kind.INVALID,
    meaning="The document's authority is not a valid Unified Social Credit Code.",
    remedy="Give the determining authority's code.",
    source="54号 clause 2; GB 32100-2015",
)
FIELD_UNKNOWN = Reason(
    "FIELD_UNKNOWN",
    Kind.INVALID,
    meaning="The item has no such field.",
    remedy="Leave the field out: what the item does not name can't be recorded.",
    source="54号 clauses 1 and 14",
)
FIELD_PROHIBITED = Reason(
    "FIELD_PROHIBITED",
    Kind.DENIED,
    meaning="Information of this kind may never be collected as credit information.",
    remedy="Leave it out, and do not keep it.",
    source="54号 clause 14; Shandong regulation art. 42",
)
FIELD_MISSING = Reason(
    "FIELD_MISSING",
    Kind.INVALID,
    meaning="A field that the item requires is missing.",
    remedy="Give the field.",
    source="Shenzhen regulation art. 34",
)
FIELD_INVALID = Reason(
    "FIELD_INVALID",
    Kind.INVALID,
    meaning="A field's value is not of the kind that the item names.",
    remedy="Dates are YYYY-MM-DD, amounts decimal yuan, text at most 4,000 characters.",
    source="Shenzhen regulation art. 34",
)
FIELD_TWICE = Reason(
    "FIELD_TWICE",
    Kind.INVALID,
    meaning="A field is given twice.",
    remedy="Give each field once.",
    source="contract",
)
SEVERITY_REQUIRED = Reason(
    "SEVERITY_REQUIRED",
    Kind.INVALID,
    meaning="A negative finding needs its severity.",
    remedy="Grade the finding: slight, ordinary or serious.",
    source="信用修复管理办法 (2026), classification",
)
SEVERITY_NOT_APPLICABLE = Reason(
    "SEVERITY_NOT_APPLICABLE",
    Kind.INVALID,
    meaning="A severity is given for what is no negative finding.",
    remedy="Leave the severity out.",
    source="信用修复管理办法 (2026), classification",
)
RETENTION_PASSED = Reason(
    "RETENTION_PASSED",
    Kind.PRECONDITION,
    meaning="The time for which this may be shared is over already.",
    remedy="Do not hand it in: it may be kept in the authority's own archive only.",
    source="信用修复管理办法 (2026); 54号 clause 12",
)
PERSON_PUBLICITY_WITHOUT_BASIS = Reason(
    "PERSON_PUBLICITY_WITHOUT_BASIS",
    Kind.DENIED,
    meaning="Publicity about a natural person needs an express law or the person's consent; the item names none.",
    remedy="Leave the publicity date empty: the record is then shared as the item says, and not published.",
    source="54号 clause 4",
)
NUMBER_USED_FOR_OTHER_CONTENT = Reason(
    "NUMBER_USED_FOR_OTHER_CONTENT",
    Kind.CONFLICT,
    meaning="The provider's record number is taken by a record with other content.",
    remedy="Use a number of its own for each record; correct a record through its document.",
    source="54号 clause 3",
)
SAMPLE_IN_REAL_HOUSE = Reason(
    "SAMPLE_IN_REAL_HOUSE",
    Kind.DENIED,
    meaning="Generated sample data can't be handed in to a house that is not a sample.",
    remedy="Use a sample house for samples.",
    source="54号 clause 2",
)
BATCH_TOO_LARGE = Reason(
    "BATCH_TOO_LARGE",
    Kind.INVALID,
    meaning="A message holds at most 1,000 members.",
    remedy="Send several messages.",
    source="contract",
)
END_REASON_NOT_ALLOWED = Reason(
    "END_REASON_NOT_ALLOWED",
    Kind.INVALID,
    meaning="Sharing can't be ended by a call for this reason.",
    remedy="Expiry and repeal end sharing by themselves; give repair, an upheld objection, or a closed listing.",
    source="docs/architecture.md, The end of sharing",
)
PURPOSE_UNKNOWN = Reason(
    "PURPOSE_UNKNOWN",
    Kind.INVALID,
    meaning="There is no such purpose.",
    remedy="Use a purpose of law/purposes.yaml that a grant of the caller names.",
    source="54号 clause 13",
)
PURPOSE_IS_YES_NO = Reason(
    "PURPOSE_IS_YES_NO",
    Kind.DENIED,
    meaning="The purpose needs yes or no only; a report would show more than is necessary.",
    remedy="Ask with CheckSubject.",
    source="54号 clause 14 (necessity)",
)
NOT_GRANTED = Reason(
    "NOT_GRANTED",
    Kind.DENIED,
    meaning="The caller's authority has no grant in force for this purpose.",
    remedy="Apply for a grant (RequestGrant) and have it approved.",
    source="54号 clause 13",
)
CURSOR_INVALID = Reason(
    "CURSOR_INVALID",
    Kind.INVALID,
    meaning="The cursor is not one of this house's present epoch.",
    remedy="Start again without a cursor and replace the copy.",
    source="docs/architecture.md, The end of sharing",
)
GRANT_STATE = Reason(
    "GRANT_STATE",
    Kind.PRECONDITION,
    meaning="The grant is not in a state that allows this.",
    remedy="Approve an open application once; revoke what is in force.",
    source="54号 clause 13",
)
SAME_OFFICIAL = Reason(
    "SAME_OFFICIAL",
    Kind.DENIED,
    meaning="Who applied for a grant can't approve it.",
    remedy="Have a second official approve.",
    source="54号 clause 13 (review)",
)
NOT_ENDED = Reason(
    "NOT_ENDED",
    Kind.PRECONDITION,
    meaning="The record is still shared; there is no withdrawal to certify.",
    remedy="Ask again when sharing has ended.",
    source="docs/architecture.md, The end of sharing",
)
