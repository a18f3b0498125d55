"""How a command is declared: options that belong together are one parameter, and every error is told in one place."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from inspect import Parameter
from typing import Any, get_type_hints

from chengxin.cli.output import told


class Group:
    """A dataclass of options. A command that has a parameter of its type has all of its options."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command for typer: groups are taken apart into options, and what goes wrong is told as `told` does.

    A group's own options come before those that it inherits. One of the options must be `as_json`.
    """
    hints = get_type_hints(function, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Group)}

    @functools.wraps(function)
    def run(**given: Any) -> None:
        with told(as_json=given["as_json"]):
            for name, group in groups.items():
                given[name] = group(**{option.name: given.pop(option.name) for option in _options(group)})
            function(**given)

    parameters = inspect.signature(function).parameters.values()
    vars(run)["__signature__"] = inspect.Signature(
        [
            option
            for one in parameters
            for option in (_options(groups[one.name]) if one.name in groups else [_option(one, hints)])
        ]
    )
    return run


def _option(parameter: Parameter, hints: dict[str, Any]) -> Parameter:
    return parameter.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])


def _options(group: type) -> Iterator[Parameter]:
    hints, parameters = get_type_hints(group, include_extras=True), inspect.signature(group).parameters
    for owner in group.__mro__:
        for name in inspect.get_annotations(owner):
            yield _option(parameters[name], hints)
