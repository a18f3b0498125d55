"""Rotation of an office's keys: begun and retired by officials, carried out by the office. See docs/running.md."""

from foundation.keys.dossiers import dossier_rotation
from foundation.keys.office import KeyOffice
from foundation.keys.rotator import Index, Rotator
from foundation.keys.rpc import KeyServicer

__all__ = ["Index", "KeyOffice", "KeyServicer", "Rotator", "dossier_rotation"]
