"""The leniency question, which every finding of facts must answer. Source: 54号 clause 10."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from foundation.identity import Identifier, birth_date, is_under_age
from foundation.policy import Policy
from foundation.refusal import Refused
from services.blacklist.domain.reasons import LENIENCY_CONTRADICTED
from services.blacklist.domain.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Leniency:
    """What speaks for leniency, with the reasons for the answer."""

    under_age: bool
    force_majeure: bool
    unintentional: bool
    slight: bool
    reasons: Text


def answered(leniency: Leniency, party: Identifier, *, found_on: date) -> Leniency:
    """Return the answer if the party's number does not contradict it.

    `found_on` is the day of the document on which the facts rest. An official may call an adult of that day
    under age, since the conduct lies earlier, but never the other way round; an organisation has no age.
    Raises Refused(LENIENCY_CONTRADICTED).
    """
    by_number = is_under_age(party, on=found_on) if party.is_person else False
    if (by_number and not leniency.under_age) or (leniency.under_age and not party.is_person):
        raise Refused(LENIENCY_CONTRADICTED, field="leniency.under_age")
    return leniency


def is_accountable(party: Identifier, *, found_on: date, policy: Policy) -> bool:
    """Say whether the party had the age below which nobody is penalised; True where no birth date is known.

    The birthday itself still protects (法释〔2006〕1号 art. 2). Source: Administrative Penalty Law art. 30.
    """
    born = birth_date(party)
    if born is None:
        return True
    age = policy.governing("penalty.none_below_age", on=found_on)
    return found_on > age.after(born)
